import { createError } from '@pypool/protocol';
import type { Connection, ConnectionOffer } from '@pypool/transport';
import type { LaunchRequest } from './contract.js';
import { endedConnection } from './ended-connection.js';
import type { SpawnedProcess } from './spawn-process.js';

/** Make the connection, unless the process exits before it stands: a transport that waits to be dialled would wait for ever. */
export async function connect(
  offer: ConnectionOffer,
  process: Pick<SpawnedProcess, 'pipes' | 'exited'>,
  signal: AbortSignal,
): Promise<Connection> {
  const gone = new AbortController();
  void process.exited.then(() => gone.abort());
  try {
    return await offer.accept(process.pipes, AbortSignal.any([signal, gone.signal]));
  } catch (error) {
    if (signal.aborted || !gone.signal.aborted) throw error;
    offer.withdraw();
    return endedConnection();
  }
}

/** @throws PypoolError `invalid-options` where the process could not connect, being another user's. */
export function checkUser({ transport, user }: LaunchRequest, { sameUser = false }: ConnectionOffer): void {
  const uid = user?.uid;
  if (!sameUser || uid === undefined || uid === process.geteuid?.()) return;
  throw createError({
    code: 'invalid-options',
    message:
      `The transport ${transport.name} can be reached by user ${process.geteuid?.() ?? '?'} alone, as whom Node runs, and the option uid makes workers ${uid}'s. ` +
      'Leave out the option transport, or have it listen on TCP.',
    context: { transport: transport.name, uid },
  });
}

/** What `work` gives, or the signal's reason if that comes first; `work` itself goes on. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
