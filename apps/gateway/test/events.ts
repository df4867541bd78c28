import type { LiveWorker } from '../src/live/messages.js';

/** A server-sent event. */
export interface ReadEvent {
  readonly event: string;
  readonly data: any;
}

/** The events of a response, as they come. */
export async function* eventsOf(response: Response): AsyncGenerator<ReadEvent, undefined> {
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const events = text.split('\n\n');
    text = events.pop()!;
    for (const event of events) {
      const fields = new Map(event.split('\n').map((line) => line.split(/: (.*)/s) as [string, string]));
      yield { event: fields.get('event') ?? 'message', data: JSON.parse(fields.get('data')!) };
    }
  }
  if (text !== '') throw new Error(`half an event: ${text}`);
}

/** A listener of the live feed. */
export class LiveListener implements AsyncDisposable {
  readonly #gone = new AbortController();
  readonly #seen: ReadEvent[] = [];
  #events: AsyncGenerator<ReadEvent> | undefined;

  static async of(url: string, headers: Record<string, string> = {}): Promise<LiveListener> {
    const listener = new LiveListener();
    const response = await fetch(`${url}/live`, { signal: listener.#gone.signal, headers });
    listener.#events = eventsOf(response);
    // Whatever happens from now on is told.
    await listener.next('sessions');
    return listener;
  }

  /** What was told so far. */
  get seen(): readonly ReadEvent[] {
    return this.#seen;
  }

  /** The next message of that name for which this holds. */
  async next(name: string, holds: (data: any) => boolean = () => true): Promise<any> {
    for (;;) {
      const { value, done } = await this.#events!.next();
      if (done === true) throw new Error(`the feed ended before ${name}`);
      this.#seen.push(value);
      if (value.event === name && holds(value.data)) return value.data;
    }
  }

  /** The same, where it may have been told already. */
  async sooner(name: string, holds: (data: any) => boolean): Promise<any> {
    const told = this.#seen.findLast(({ event, data }) => event === name && holds(data));
    return told === undefined ? this.next(name, holds) : told.data;
  }

  /** The worker that runs something, once there is one. */
  async busy(): Promise<LiveWorker> {
    const isBusy = ({ running }: LiveWorker) => running.length > 0;
    const workers: LiveWorker[] = await this.next('workers', (all: LiveWorker[]) => all.some(isBusy));
    return workers.find(isBusy)!;
  }

  /** Resolves once the server has ended it. */
  async ended(): Promise<void> {
    while ((await this.#events!.next()).done !== true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#gone.abort();
    await this.#events?.return(undefined).catch(() => undefined);
  }
}
