/** One event of a `text/event-stream`: its name, and its data as it was sent. */
export interface StreamEvent {
  readonly event: string;
  readonly data: string;
}

/**
 * Read the events of a response, one by one, until it ends.
 *
 * Not `EventSource`: that can send neither a bearer token nor a body, and both the feed and streamed calls need one of these.
 *
 * @throws TypeError where the connection breaks; an `AbortError` where its request is aborted.
 */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent, void> {
  const reader = body
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .getReader();
  const parser = new EventParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.take(value);
    }
  } finally {
    // Left early, the rest is not wanted: the server hears of it. Of a stream that has failed this says so again.
    await reader.cancel().catch(() => undefined);
  }
}

/** Finds events in text that arrives in pieces. Written after the HTML standard, section 9.2.6. */
export class EventParser {
  #rest = '';
  #event = '';
  #data: string[] = [];

  /** The events that this piece completes. */
  take(piece: string): StreamEvent[] {
    const events: StreamEvent[] = [];
    const text = this.#rest + piece;
    // A line may end with CR, LF or both: a CR at the very end waits for what follows it.
    const complete = text.endsWith('\r') ? text.slice(0, -1) : text;
    const lines = complete.split(/\r\n|\r|\n/);
    this.#rest = (lines.pop() ?? '') + text.slice(complete.length);
    for (const line of lines) {
      const event = this.#line(line);
      if (event !== undefined) events.push(event);
    }
    return events;
  }

  #line(line: string): StreamEvent | undefined {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#event = value;
    if (field === 'data') this.#data.push(value);
    return undefined;
  }

  #dispatch(): StreamEvent | undefined {
    const [event, data] = [this.#event, this.#data];
    this.#event = '';
    this.#data = [];
    // Without data there is no event: a comment that keeps the connection awake ends like this.
    return data.length === 0 ? undefined : { event: event === '' ? 'message' : event, data: data.join('\n') };
  }
}
