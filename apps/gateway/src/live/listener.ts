import type { ServerResponse } from 'node:http';

/** Bytes that may wait for one listener. Beyond them nothing is kept for it. */
const MAX_WAITING_BYTES = 1024 ** 2;

/** What a listener tells. */
export interface ListenerEvents {
  /** It has left, or {@link Listener.end} was called. May be told twice. */
  readonly onGone: () => void;
  /** It has been told how much it has missed, and may have missed what is told but once. */
  readonly onCaughtUp: () => void;
}

/** One client of the feed. What it is too slow for is left out, and it is told how much that was. */
export class Listener {
  readonly #response: ServerResponse;
  readonly #onCaughtUp: () => void;
  #dropped = 0;

  constructor(response: ServerResponse, { onGone, onCaughtUp }: ListenerEvents) {
    this.#response = response;
    this.#onCaughtUp = onCaughtUp;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      connection: 'close',
    });
    response.on('drain', () => this.#catchUp());
    response.once('close', onGone);
    // A response that waits for another one of its connection is not told that this has closed.
    response.req.socket.once('close', onGone);
  }

  /** @param event as {@link eventOf} makes it, or several of them: all or none are sent */
  send(event: string): void {
    if (this.#response.writableLength > MAX_WAITING_BYTES) this.#dropped += 1;
    else this.#response.write(event);
  }

  end(): void {
    this.#response.end();
    // A client that reads nothing would keep its connection for ever.
    if (this.#response.writableLength > 0) this.#response.destroy();
  }

  #catchUp(): void {
    if (this.#dropped === 0) return;
    const messages = this.#dropped;
    this.#dropped = 0;
    this.send(eventOf('dropped', { messages }));
    this.#onCaughtUp();
  }
}

/** A message as it goes over the wire. */
export function eventOf(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
