import type { Frame } from '@pypool/protocol';

/** What is copied in one turn of the event loop at most: a few milliseconds, page faults included. */
const TURN_BYTES = 4 * 1024 * 1024;

/** Bytes that have to be copied before their frame can go on. */
export interface Copy {
  readonly bytes: number;
  /** Copy `bytes` from `offset` on. */
  run(offset: number, bytes: number): void;
  /** All of it is copied. */
  done?(): void;
}

interface Entry {
  readonly frame: Frame;
  readonly copies: readonly Copy[];
}

/**
 * Frames that go on in their order, some of which have bytes to be copied first.
 *
 * Copies are made in pieces, so that none keeps the event loop for long; small ones at once. {@link CopyQueue.stop} may be called at any
 * time, by whom a frame goes to as well.
 */
export class CopyQueue {
  readonly #forward: (frame: Frame) => void;
  readonly #onError: (error: unknown) => void;
  #entries: Entry[] = [];
  /** How far the copies of the first entry have come. */
  #copy = 0;
  #offset = 0;
  #spentBytes = 0;
  #turn: NodeJS.Immediate | undefined;
  #waiters: (() => void)[] = [];

  /** @param onError - told of what a copy throws; the queue is stopped then. */
  constructor(forward: (frame: Frame) => void, onError: (error: unknown) => void) {
    this.#forward = forward;
    this.#onError = onError;
  }

  /** Whether a frame may pass it by. */
  get idle(): boolean {
    return this.#entries.length === 0;
  }

  /** What is in it, of buffers. */
  get bytes(): number {
    let total = 0;
    for (const { frame } of this.#entries) for (const { byteLength } of frame.buffers) total += byteLength;
    return total;
  }

  push(frame: Frame, copies: readonly Copy[]): void {
    this.#entries.push({ frame, copies });
    if (this.#entries.length === 1) this.#run();
  }

  /** Call back once it is idle, at once if it is. */
  whenIdle(then: () => void): void {
    if (this.idle) then();
    else this.#waiters.push(then);
  }

  /** Drop what is in it. */
  stop(): void {
    this.#entries = [];
    this.#tellIdle();
  }

  #run(): void {
    try {
      while (this.#entries.length > 0 && this.#advance(this.#entries[0]!)) {
        const { frame } = this.#entries.shift()!;
        this.#copy = this.#offset = 0;
        this.#forward(frame);
      }
    } catch (error) {
      this.#entries = [];
      this.#onError(error);
    }
    if (this.idle) this.#tellIdle();
  }

  /** Copy as much as this turn may; whether all of it is copied. */
  #advance({ copies }: Entry): boolean {
    for (; this.#copy < copies.length; this.#copy++, this.#offset = 0) {
      const copy = copies[this.#copy]!;
      while (this.#offset < copy.bytes) {
        const bytes = Math.min(copy.bytes - this.#offset, TURN_BYTES - this.#spentBytes);
        this.#turn ??= setImmediate(this.#onTurn);
        if (bytes === 0) return false;
        copy.run(this.#offset, bytes);
        this.#offset += bytes;
        this.#spentBytes += bytes;
      }
      copy.done?.();
    }
    return true;
  }

  readonly #onTurn = (): void => {
    this.#turn = undefined;
    this.#spentBytes = 0;
    this.#run();
  };

  #tellIdle(): void {
    for (const then of this.#waiters.splice(0)) then();
  }
}
