import type { LiveMessageName, LiveMessages } from '../../../src/live/messages.js';
import { readEvents } from './read-events.js';
import { ProblemError, request } from './request.js';

/**
 * How the page is connected: `connecting` for the first time; `live`; `lost`, it tries again at `retryAt` (our clock); `refused`, the server
 * wants a token, or another one: nothing is tried until the reader gives it.
 */
export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'lost'; readonly why: string; readonly retryAt: number }
  | { readonly kind: 'refused' };

/** One message of the feed, with its name. */
export type NamedMessage = {
  readonly [Name in LiveMessageName]: { readonly name: Name; readonly message: LiveMessages[Name] };
}[LiveMessageName];

export interface FeedListener {
  onConnection(connection: Connection): void;
  onMessage(message: NamedMessage): void;
}

/** The feed says something each second: after this long without a word nobody is there, whatever TCP believes. */
const SILENCE_MS = 8_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

/** Keeps one connection to `GET live` open, and opens it again when it is lost. */
export class Feed {
  readonly #listener: FeedListener;
  #attempt = new AbortController();
  #pauseMs = FIRST_PAUSE_MS;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(listener: FeedListener) {
    this.#listener = listener;
    // The network is back: no reason to wait.
    addEventListener('online', () => this.#retry !== undefined && this.connect());
  }

  /** Connect now: at first, when the reader does not want to wait, and with a new token. */
  connect(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#attempt.abort();
    const attempt = (this.#attempt = new AbortController());
    void this.#run(attempt.signal).then(
      () => this.#lost(attempt, 'The server has ended the connection'),
      (error: unknown) => this.#failed(attempt, error),
    );
  }

  async #run(attempt: AbortSignal): Promise<void> {
    const silence = new AbortController();
    const listen = (): ReturnType<typeof setTimeout> =>
      setTimeout(() => silence.abort(new Error('The server has fallen silent')), SILENCE_MS);
    let timer = listen();
    try {
      const signal = AbortSignal.any([attempt, silence.signal]);
      const { body } = await request('live', { headers: { accept: 'text/event-stream' }, signal });
      if (body === null) throw new Error('The server has sent no events');
      for await (const { event, data } of readEvents(body)) {
        if (attempt.aborted) return;
        clearTimeout(timer);
        timer = listen();
        this.#pauseMs = FIRST_PAUSE_MS;
        this.#listener.onConnection({ kind: 'live' });
        this.#listener.onMessage({ name: event, message: JSON.parse(data) as unknown } as NamedMessage);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #failed(attempt: AbortController, error: unknown): void {
    if (attempt !== this.#attempt) return;
    const { status, message } = whatFailed(error);
    if (status === 401 || status === 403) this.#listener.onConnection({ kind: 'refused' });
    else this.#lost(attempt, message);
  }

  #lost(attempt: AbortController, why: string): void {
    // Another attempt has taken over: this one was given up by us.
    if (attempt !== this.#attempt) return;
    // Many pages that lost one server must not all come back in the same moment.
    const pauseMs = this.#pauseMs * (0.75 + Math.random() / 2);
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
    this.#listener.onConnection({ kind: 'lost', why, retryAt: Date.now() + pauseMs });
    this.#retry = setTimeout(() => this.connect(), pauseMs);
  }
}

function whatFailed(error: unknown): { readonly status?: number; readonly message: string } {
  if (error instanceof ProblemError)
    return { status: error.problem.status, message: `The server answered ${error.problem.status}` };
  // Of a refused or broken connection browsers say no more than that there was one.
  if (error instanceof TypeError) return { message: 'The server cannot be reached' };
  return { message: error instanceof Error ? error.message : String(error) };
}
