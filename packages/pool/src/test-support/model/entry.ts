import type { OutgoingCall, PypoolError } from '@pypool/protocol';

import { hold, same } from './broken.js';

/** How much longer than a start a call may wait for the first of them, to hear how it ended. */
const MOMENT_MS = 50;

/** One call or stream, with all that its caller and its workers know of it. */
export class Entry {
  settled = false;
  /** Its caller wants it no more: the signal aborted, or the consumer left. */
  unwanted = false;
  /** How often a worker was given it. */
  runs = 0;
  /** It may have run: a worker that had it said something else than that it never did. */
  ran = false;
  /** Items a worker sent, and items its consumer took. */
  sent = 0;
  taken = 0;

  constructor(
    readonly id: number,
    readonly name: string,
    readonly kind: 'call' | 'stream',
    /** When it was made. */
    readonly at: number,
    readonly timeoutMs: number,
    /** Whether it may run twice. */
    readonly idempotent: boolean,
    readonly abort: AbortController,
  ) {}

  /** A worker was given it. @throws Broken where it must not be */
  given(maxAttempts: number): void {
    this.runs += 1;
    hold(!this.settled, () => `${this.about} was given to a worker after its caller had the answer`);
    hold(this.runs <= maxAttempts, () => `${this.about} was given to ${this.runs} workers`);
    hold(!this.ran || (this.idempotent && this.kind === 'call'), () => `${this.about} may run twice`);
  }

  /** A worker gave it back, or died before it had begun: that was no try. */
  notBegun(): void {
    this.runs -= 1;
  }

  /** Its worker is about to tell its pool what became of it. @param begun whether it had a place there */
  told(error: PypoolError | undefined, begun: boolean): void {
    if (!begun && error?.outcome === 'not-started') this.notBegun();
    if (error?.outcome !== 'not-started') this.ran = true;
  }

  /** Its caller has a value. */
  succeeded(value: unknown): void {
    this.#settle();
    hold(this.ran, () => `${this.about} has a result, and never ran`);
    if (this.kind === 'call') same(value, this.id, `the result of ${this.about}`);
  }

  /** Its caller has an error. */
  failed(error: PypoolError): void {
    this.#settle();
    hold(
      !this.ran || error.outcome !== 'not-started',
      () => `${this.about} may have run, and failed with ${error.code} as not started`,
    );
  }

  /** Its consumer has an item. */
  took(item: unknown): void {
    hold(!this.settled || this.taken < this.sent, () => `${this.about} has items after its end`);
    same(item, `${this.id}:${this.taken}`, `an item of ${this.about}`);
    this.taken += 1;
  }

  /** When the caller must have the answer, or its worker been told to end it. @param clocksFrom when the pool had its first worker */
  endsBy(clocksFrom: number | undefined, startTimeoutMs: number): number {
    if (this.timeoutMs === 0) return this.at;
    if (clocksFrom === undefined) return this.at + startTimeoutMs + MOMENT_MS;
    return Math.max(this.at, clocksFrom) + this.timeoutMs;
  }

  get about(): string {
    return `${this.kind} ${this.id} (${this.name})`;
  }

  #settle(): void {
    hold(!this.settled, () => `${this.about} was settled twice`);
    this.settled = true;
  }
}

/** The number of the entry that a worker's call belongs to. */
export function entryIdOf({ args }: Pick<OutgoingCall, 'args'>): number {
  return (args as readonly [number, string])[0];
}
