import type { Frame, PypoolError } from '@pypool/protocol';
import type { FrameListener } from '../contract.js';

/** A listener that keeps what it hears, and lets a test wait for it. */
export class Recorder implements FrameListener {
  readonly frames: Frame[] = [];
  /** How often the end was told. */
  ends = 0;
  /** Resolves at the end with its error, if any. */
  readonly ended: Promise<PypoolError | undefined>;
  #resolveEnded!: (error: PypoolError | undefined) => void;
  #wanted:
    | { readonly count: number; readonly resolve: () => void; readonly reject: (error: Error) => void }
    | undefined;

  constructor() {
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve));
  }

  /** The first `count` frames, as soon as they are there. */
  async first(count: number): Promise<readonly Frame[]> {
    if (this.frames.length < count) {
      await new Promise<void>((resolve, reject) => (this.#wanted = { count, resolve, reject }));
    }
    return this.frames.slice(0, count);
  }

  onFrame(frame: Frame): void {
    this.frames.push(frame);
    if (this.#wanted !== undefined && this.frames.length >= this.#wanted.count) this.#wanted.resolve();
  }

  onEnd(error: PypoolError | undefined): void {
    this.ends++;
    this.#resolveEnded(error);
    this.#wanted?.reject(error ?? new Error(`the channel ended after ${this.frames.length} frames`));
  }
}
