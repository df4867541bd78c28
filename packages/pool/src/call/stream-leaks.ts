import { openerStack } from '@pypool/protocol';

import type { ClockTimer } from '../clock/clock.js';
import type { Emitter } from '../observe/emitter.js';
import type { LeakedStream } from '../observe/events.js';
import type { ResolvedPoolOptions } from '../options/pool-options.js';
import type { Pool } from '../pool.js';
import type { PendingStream } from './pending-stream.js';

/** A stream that was opened while somebody listened for leaks. */
interface Watched {
  readonly stack: string;
  /** Reads that it had seen when it was last found to be read, and when that was. */
  reads: number;
  readAt: number;
  told: boolean;
}

/**
 * Finds streams that nobody takes care of any more: dropped without having been read to the end or left, which the garbage collector tells; or
 * unread for long.
 *
 * A dropped one is left, or it would keep its place for good: that is always so. The rest costs time with each stream, for its stack most of
 * all, and is done for streams that are opened while somebody listens.
 */
export class StreamLeaks {
  readonly #options: ResolvedPoolOptions;
  readonly #events: Emitter;
  readonly #watched = new Map<PendingStream, Watched>();
  readonly #faces = new FinalizationRegistry<PendingStream>((stream) => this.#onDropped(stream));
  #timer: ClockTimer | undefined;

  constructor(options: ResolvedPoolOptions, events: Emitter) {
    this.#options = options;
    this.#events = events;
  }

  /**
   * A stream was opened.
   *
   * @param face what its consumer holds; nothing that the pool holds may lead to it
   * @param pool what it was opened with
   */
  opened(stream: PendingStream, face: object, pool: Pick<Pool, 'stream'>): void {
    if (stream.state === 'settled') return;
    this.#faces.register(face, stream);
    if (!this.#events.heard('leak')) return;
    const readAt = this.#options.clock.now();
    this.#watched.set(stream, { stack: openerStack(pool, 'stream'), reads: 0, readAt, told: false });
    this.#look();
  }

  /** A stream is settled: it holds nothing up any more. */
  ended(stream: PendingStream): void {
    const watched = this.#watched.get(stream);
    if (watched === undefined) return;
    this.#watched.delete(stream);
    if (this.#watched.size === 0) this.#stopLooking();
    if (watched.told && this.#events.heard('leak-ended'))
      this.#events.emit('leak-ended', this.#about(stream, watched));
  }

  #onDropped(stream: PendingStream): void {
    // Whoever waits for its end may well have let go of its items.
    if (stream.state === 'settled' || stream.awaited) return;
    this.#tell(stream, 'dropped', undefined);
    void stream.items.return();
  }

  /** Look again in half the time that a stream may stay unread: so one is found after once to one and a half times as long. */
  #look(): void {
    const { clock, leakAfterMs } = this.#options;
    if (this.#timer !== undefined || leakAfterMs === 0 || leakAfterMs === Infinity) return;
    this.#timer = clock.after(leakAfterMs / 2, () => {
      this.#timer = undefined;
      const now = clock.now();
      for (const [stream, watched] of this.#watched) this.#judge(stream, watched, now);
      if (this.#watched.size > 0) this.#look();
    });
  }

  #stopLooking(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #judge(stream: PendingStream, watched: Watched, now: number): void {
    const { items, reads, awaited } = stream;
    // Where somebody waits for its end, it is unread by intent, until it can go no further.
    if (reads !== watched.reads || items.waited || (awaited && items.hasRoom)) {
      watched.reads = reads;
      watched.readAt = now;
    } else if (now - watched.readAt >= this.#options.leakAfterMs) {
      this.#tell(stream, 'unread', now - watched.readAt);
    }
  }

  /** Once for each stream. */
  #tell(stream: PendingStream, why: 'dropped' | 'unread', unreadMs: number | undefined): void {
    const watched = this.#watched.get(stream);
    if (watched?.told === true || !this.#events.heard('leak')) return;
    if (watched !== undefined) watched.told = true;
    this.#events.emit('leak', { ...this.#about(stream, watched), why, unreadMs });
  }

  #about(stream: PendingStream, watched: Watched | undefined): LeakedStream {
    const { name, clock } = this.#options;
    const openMs = clock.now() - stream.submittedAt;
    return {
      kind: 'stream',
      pool: name,
      callId: stream.id,
      function: stream.name,
      sessionId: stream.session?.id,
      openedAt: clock.epochMs() - openMs,
      openMs,
      stack: watched?.stack,
    };
  }
}
