import { existsSync } from 'node:fs';
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Duplex } from 'node:stream';
import { createError } from '@pypool/protocol';
import type { ResolvedSocketTransportOptions } from './options.js';
import { makePrivateFolder } from './private-folder.js';

/** A place where somebody listens. */
export interface Listener {
  /** As `--connect` has it, less the offer: `unix:/tmp/pypool-Kf3x9Q/s`, `tls:host:4433`. */
  readonly place: string;
  /** Where that is in the file system, for a Unix socket. */
  readonly socketPath?: string;
  /** Whether it can still be dialled: what cleans folders for temporary files may have removed a Unix socket's. */
  isThere(): boolean;
  /** Listen no more, and remove what was made for it. Connections stay. */
  close(): Promise<void>;
}

/** Who hears of it. */
export interface ListenerEvents {
  readonly onConnection: (stream: Duplex) => void;
  /** A connection could not be taken; there may be others. */
  readonly onError: (error: Error) => void;
}

/** As long a line of workers that dial at the same moment as the system has; it takes less than this where it has less. */
const BACKLOG = 4096;

/** After how long without a byte the kernel asks whether the other machine is still there. */
const KEEP_ALIVE_MS = 30_000;

/**
 * Listen where the options say. Keeps no Node process alive.
 *
 * @throws PypoolError `start-failed`; nothing is left then.
 */
export async function listen(
  options: ResolvedSocketTransportOptions,
  events: ListenerEvents,
): Promise<Listener> {
  try {
    return options.kind === 'unix'
      ? await listenOnUnix(options.folder, events)
      : await listenOnTcp(options, events);
  } catch (cause) {
    const where = options.kind === 'unix' ? `below ${options.folder}` : `on ${options.tcp.host}`;
    throw createError({
      code: 'start-failed',
      message: `The socket transport cannot listen ${where}: ${cause instanceof Error ? cause.message : String(cause)}.`,
      context: { where },
      cause,
    });
  }
}

async function listenOnUnix(parent: string, events: ListenerEvents): Promise<Listener> {
  const folder = makePrivateFolder(parent);
  try {
    const server = await listening({ path: folder.socketPath }, events.onConnection, events.onError);
    return {
      place: `unix:${folder.socketPath}`,
      socketPath: folder.socketPath,
      isThere: () => existsSync(folder.socketPath),
      close() {
        server.close();
        return folder.remove();
      },
    };
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

async function listenOnTcp(
  { tcp, secureContext }: ResolvedSocketTransportOptions & { kind: 'tcp' },
  { onConnection, onError }: ListenerEvents,
): Promise<Listener> {
  const { host, port = 0, advertise } = tcp;
  const onSocket = (socket: Socket): void => {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    onConnection(
      secureContext === undefined ? socket : new TLSSocket(socket, { isServer: true, secureContext }),
    );
  };
  const server = await listening({ host, port }, onSocket, onError);
  const { port: bound } = server.address() as { port: number };
  const seen = { host, port: bound, ...advertise };
  const name = seen.host.includes(':') ? `[${seen.host}]` : seen.host;
  return {
    place: `${secureContext === undefined ? 'tcp' : 'tls'}:${name}:${seen.port}`,
    isThere: () => true,
    async close() {
      server.close();
    },
  };
}

function listening(
  where: ListenOptions,
  onSocket: (socket: Socket) => void,
  onError: (error: Error) => void,
): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.unref();
      onSocket(socket);
    });
    server.once('error', reject);
    server.listen({ ...where, backlog: BACKLOG }, () => {
      server.off('error', reject);
      server.on('error', onError);
      server.unref();
      resolve(server);
    });
  });
}
