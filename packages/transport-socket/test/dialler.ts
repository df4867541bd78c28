import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { ConnectionOffer } from '@pypool/transport';

/** What a worker knows of its offer. */
export interface Known {
  readonly place: string;
  readonly offerId: string;
  readonly secret: string;
}

/** Read an offer as a runtime does. */
export function knownFrom({ args, env }: ConnectionOffer): Known {
  const [flag, address = ''] = args;
  if (flag !== '--connect') throw new Error(`no address in ${args.join(' ')}`);
  const at = address.lastIndexOf('#');
  return {
    place: address.slice(0, at),
    offerId: address.slice(at + 1),
    secret: env?.['PYPOOL_CONNECT_SECRET'] ?? '',
  };
}

/** The bytes that SPEC.md section 14 asks for, with whatever is to be wrong about them. */
export function preamble(
  { offerId, secret }: Known,
  channel: number,
  { magic = 'pypool\x01', nonce = Buffer.alloc(8, 7) }: { magic?: string; nonce?: Buffer } = {},
): Buffer {
  const parts = [Buffer.from(magic, 'latin1'), Buffer.from([channel]), Buffer.from(offerId, 'hex')];
  return Buffer.concat([...parts, nonce, Buffer.from(secret, 'hex')]);
}

/** One connection to where an offer says. Every test closes its own. */
export class Dialler {
  readonly socket: Socket;
  /** All that was heard, up to the end of the connection, however it ended. */
  readonly heard: Promise<Buffer>;

  constructor(place: string) {
    const path = /^unix:(.*)$/s.exec(place)?.[1];
    const [, host, port] = /^(?:tcp|tls):(.*):(\d+)$/.exec(place) ?? [];
    this.socket = path === undefined ? connect(Number(port), host) : connect(path);
    const chunks: Buffer[] = [];
    this.socket.on('data', (chunk) => chunks.push(chunk));
    this.socket.on('error', () => undefined); // a reset is an end like any other here
    this.heard = new Promise((resolve) => this.socket.once('close', () => resolve(Buffer.concat(chunks))));
  }

  say(bytes: Buffer): this {
    this.socket.write(bytes);
    return this;
  }

  /** The first bytes that Node says. */
  async answer(): Promise<Buffer> {
    const [chunk] = (await once(this.socket, 'data')) as [Buffer];
    return chunk;
  }
}

/** Dial all three channels, as a worker of its own. */
export function dialWhole(known: Known): Dialler[] {
  const nonce = randomBytes(8);
  return [0, 1, 2].map((channel) => new Dialler(known.place).say(preamble(known, channel, { nonce })));
}
