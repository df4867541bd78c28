import type { Duplex } from 'node:stream';
import { Newcomer, type Host } from './newcomer.js';
import type { Preamble } from './preamble.js';

/** Connections that have not said who they are yet. One more, and the oldest has to go: workers say it within milliseconds. */
const MOST_STRANGERS = 128;

/** What {@link Reception} needs. */
export interface ReceptionOptions {
  /** How long a connection may take to say who it is. */
  readonly timeoutMs: number;
  /** Who it says it is. Returns whether it may stay. */
  readonly admit: (newcomer: Newcomer, preamble: Preamble) => boolean;
  /** One that was admitted has gone before it was let in. */
  readonly onLeft: (newcomer: Newcomer) => void;
}

/** Meets whoever connects. Strangers cost a bounded time, memory and number of connections, and no answer. */
export class Reception {
  readonly #options: ReceptionOptions;
  /** In the order in which they came. */
  readonly #strangers = new Map<Newcomer, NodeJS.Timeout>();

  constructor(options: ReceptionOptions) {
    this.#options = options;
  }

  /** Somebody has connected. */
  meet(stream: Duplex): void {
    const stranger = new Newcomer(stream, this.#host);
    const patience = setTimeout(() => stranger.cutOff(), this.#options.timeoutMs).unref();
    this.#strangers.set(stranger, patience);
    const [oldest] = this.#strangers.keys();
    if (this.#strangers.size > MOST_STRANGERS) oldest?.cutOff();
  }

  /** Send all strangers away. */
  close(): void {
    for (const stranger of [...this.#strangers.keys()]) stranger.cutOff();
  }

  readonly #host: Host = {
    onPreamble: (newcomer, preamble) => {
      this.#forget(newcomer);
      if (!this.#options.admit(newcomer, preamble)) newcomer.cutOff();
    },
    onGone: (newcomer) => {
      if (!this.#forget(newcomer)) this.#options.onLeft(newcomer);
    },
  };

  /** @returns whether it was a stranger. */
  #forget(newcomer: Newcomer): boolean {
    clearTimeout(this.#strangers.get(newcomer));
    return this.#strangers.delete(newcomer);
  }
}
