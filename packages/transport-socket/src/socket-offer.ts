import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createError, type PypoolError } from '@pypool/protocol';
import { createStreamConnection, type Connection } from '@pypool/transport';
import type { Newcomer } from './newcomer.js';
import { OFFER_ID_BYTES, SECRET_BYTES, TAKEN, type Preamble } from './preamble.js';

/** What {@link SocketOffer} needs. */
export interface SocketOfferOptions {
  /** How long a worker may take from its first connection to its third. */
  readonly timeoutMs: number;
  /** See {@link Connection.exactEnd}. */
  readonly exactEnd: boolean;
  /** Nobody is expected any more: it was accepted, withdrawn or failed. Called once. */
  readonly onOver: () => void;
}

/** One worker that is expected: an id to be found by, a secret to be known by, and three places to fill. */
export class SocketOffer {
  readonly id = randomBytes(OFFER_ID_BYTES).toString('hex');
  readonly #secret = randomBytes(SECRET_BYTES);
  readonly #options: SocketOfferOptions;
  readonly #places = new Map<Preamble['channel'], Newcomer>();
  /** Of the worker whose places those are. */
  #nonce = '';
  #patience: NodeJS.Timeout | undefined;
  #waiting:
    | { readonly resolve: (connection: Connection) => void; readonly reject: (error: unknown) => void }
    | undefined;
  /** Why nobody is expected any more. */
  #over: { readonly error: unknown } | undefined;

  constructor(options: SocketOfferOptions) {
    this.#options = options;
  }

  /** For the worker's eyes alone. */
  get secret(): string {
    return this.#secret.toString('hex');
  }

  /** Resolves when all three channels stand; rejects with the signal's reason, and nobody is expected any more. */
  async accept(signal: AbortSignal): Promise<Connection> {
    signal.throwIfAborted();
    if (this.#over !== undefined) throw this.#over.error;
    if (this.#waiting !== undefined) throw acceptedTwice();
    const onAbort = (): void => this.fail(signal.reason);
    try {
      return await new Promise<Connection>((resolve, reject) => {
        this.#waiting = { resolve, reject };
        signal.addEventListener('abort', onAbort, { once: true });
        this.#completeIfReady();
      });
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Give a newcomer its place. @returns false where it is not the worker that is expected, or has none. */
  seat(newcomer: Newcomer, { channel, nonce, secret }: Preamble): boolean {
    if (!timingSafeEqual(secret, this.#secret)) return false;
    // Two workers that were given the same secret: the first to come is taken whole, never half of each.
    if (this.#places.size > 0 && (nonce !== this.#nonce || this.#places.has(channel))) return false;
    this.#nonce = nonce;
    this.#places.set(channel, newcomer);
    this.#patience ??= setTimeout(() => this.#clear(), this.#options.timeoutMs).unref();
    this.#completeIfReady();
    return true;
  }

  /** A newcomer has gone before it was let in. Its place is free again. */
  leave(newcomer: Newcomer): void {
    for (const [channel, seated] of this.#places) if (seated === newcomer) this.#places.delete(channel);
    if (this.#places.size === 0) this.#stopPatience();
  }

  /** Expect nobody any more, and reject with `error` where somebody waits. Idempotent. */
  fail(error: unknown): void {
    if (this.#over !== undefined) return;
    this.#end(error);
    this.#clear();
    this.#waiting?.reject(error);
  }

  #completeIfReady(): void {
    const waiting = this.#waiting;
    if (waiting === undefined || this.#over !== undefined || this.#places.size < 3) return;
    this.#end(acceptedTwice());
    const [requests, replies, control] = ([0, 1, 2] as const).map((channel) =>
      this.#places.get(channel)!.letIn(),
    );
    this.#places.clear();
    const streams = { requests: requests!, replies: replies!, control: control! };
    const connection = createStreamConnection(streams, { exactEnd: this.#options.exactEnd });
    // One that breaks right here is a connection that has ended, which its channels tell.
    const answered = Object.values(streams).map(
      (stream) => new Promise<void>((resolve) => stream.write(TAKEN, () => resolve())),
    );
    void Promise.all(answered).then(() => waiting.resolve(connection));
  }

  #end(error: unknown): void {
    this.#over = { error };
    this.#stopPatience();
    this.#options.onOver();
  }

  #stopPatience(): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
  }

  #clear(): void {
    this.#stopPatience();
    for (const newcomer of [...this.#places.values()]) newcomer.cutOff();
    this.#places.clear();
  }
}

function acceptedTwice(): PypoolError {
  return createError({ code: 'internal', message: 'An offer of the socket transport was accepted twice.' });
}
