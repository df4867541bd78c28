import { encodeMessage, FrameType, type Hello, type Mapped, type SharedMemoryUse } from '@pypool/protocol';
import type { FrameSink } from '@pypool/transport';
import { protocolViolation } from '../calls/errors.js';
import type { MapTurns } from './map-turns.js';
import { Segment, type SegmentChannel } from './segment.js';

/** How much memory may be shared with a worker, and for what. */
export interface SharedMemoryLimits {
  /** Smaller buffers stay in their frames. */
  readonly thresholdBytes: number;
  /** All segments of one worker together. */
  readonly maxBytes: number;
}

/** What {@link Segments} needs to know. */
export interface SegmentsParts extends SharedMemoryLimits {
  readonly workerId: string;
  readonly control: FrameSink;
  /** Those of all workers that share the memory of this machine with each other. */
  readonly turns: MapTurns;
  /** There will be no further segment, and why. Told at most once. */
  readonly onRefused: (reason: string) => void;
}

/** In one channel of one worker: each is a descriptor in two processes. */
const MAX_SEGMENTS = 16;

/** A segment that was not used for so long is given back. */
const IDLE_MS = 10_000;

/**
 * The segments that one worker and this process share: how many, how large, which is free.
 *
 * Node decides how many there are; the worker makes them. Whoever sends in a channel chooses among its segments: requests are ours, so
 * only {@link Segments.take} makes one of those busy.
 */
export class Segments {
  readonly #parts: SegmentsParts;
  readonly #segments = new Map<number, Segment>();
  /** Of those that were asked for: what ends the turn of each. */
  readonly #turns = new Map<number, () => void>();
  #lastId = 0;
  #pid: number | undefined;
  #refused = false;
  #sweep: NodeJS.Timeout | undefined;

  constructor(parts: SegmentsParts) {
    this.#parts = parts;
  }

  /** Whether a buffer is large enough to be shared. */
  isLarge(bytes: number): boolean {
    return bytes > 0 && bytes >= this.#parts.thresholdBytes;
  }

  /** How much there is, and in how much of it something lies. One that was asked for and is not there yet is none. */
  get use(): SharedMemoryUse {
    let bytes = 0;
    let usedBytes = 0;
    for (const segment of this.#segments.values()) {
      if (segment.state === 'asked') continue;
      bytes += segment.bytes;
      if (segment.state === 'busy') usedBytes += segment.bytes;
    }
    return { bytes, usedBytes };
  }

  /** What HELLO said. Until then, and where the runtime cannot share memory, there are no segments. */
  describe({ pid, capabilities }: Hello): void {
    if (capabilities.includes('shared-memory')) this.#pid = pid;
  }

  /** A free segment for a request's buffer, busy from now on. Where there is none, the buffer goes with its frame, and later ones may find one. */
  take(bytes: number): Segment | undefined {
    let best: Segment | undefined;
    for (const segment of this.#segments.values()) {
      const fits = segment.channel === 'requests' && segment.state === 'free' && segment.bytes >= bytes;
      if (fits && (best === undefined || segment.bytes < best.bytes)) best = segment;
    }
    if (best === undefined) {
      this.want('requests', bytes);
      return undefined;
    }
    best.state = 'busy';
    best.usedAt = performance.now();
    return best;
  }

  /**
   * The segment that a reply names, busy from now on.
   *
   * @throws PypoolError `protocol` where no buffer of so many bytes can lie there.
   */
  find(id: number, bytes: number): Segment {
    const segment = this.#segments.get(id);
    const canHold =
      segment?.channel === 'replies' && (segment.state === 'free' || segment.state === 'leaving');
    if (segment === undefined || !canHold || bytes > segment.bytes) {
      throw this.#violation(`a buffer of ${bytes} bytes in segment ${id}, where it cannot lie`);
    }
    segment.state = 'busy';
    return segment;
  }

  /** What was in a reply's segment has been read. */
  release(segment: Segment): void {
    segment.state = 'free';
    segment.usedAt = performance.now();
    this.#parts.control.send(encodeMessage(FrameType.RELEASE, { segments: [segment.id] }));
  }

  /** A large buffer found no segment. Ask for one, unless that goes beyond the limits. */
  want(channel: SegmentChannel, bytes: number): void {
    const { maxBytes, thresholdBytes, control, turns, workerId } = this.#parts;
    const size = roundedUp(bytes);
    if (this.#pid === undefined || this.#refused || size > maxBytes) return;
    const ofChannel = [...this.#segments.values()].filter((segment) => segment.channel === channel);
    if (ofChannel.some(({ state }) => state === 'asked')) return;
    if (this.#totalBytes + size > maxBytes || ofChannel.length >= MAX_SEGMENTS) {
      this.#makeRoom(channel, size);
      return;
    }
    const id = ++this.#lastId;
    this.#segments.set(id, new Segment({ workerId, id, channel, bytes: size }));
    const map = encodeMessage(FrameType.MAP, { segment: id, channel, bytes: size, thresholdBytes });
    this.#turns.set(
      id,
      turns.take(() => control.send(map)),
    );
    this.#sweep ??= setInterval(() => this.#giveBackIdle(), IDLE_MS).unref();
  }

  /** The worker has made one, or says why not. */
  onMapped({ segment: id, fd, token, error }: Mapped): void {
    const segment = this.#segments.get(id);
    if (segment?.state !== 'asked') throw this.#violation(`a segment ${id} that it was not asked for`);
    this.#endTurn(id);
    const { control } = this.#parts;
    try {
      if (fd === null || token === null) throw new Error(error ?? 'it does not say why');
      segment.open(`/proc/${this.#pid}/fd/${fd}`, token);
      control.send(encodeMessage(FrameType.OPENED, { segment: id }));
    } catch (cause) {
      if (fd === null) this.#segments.delete(id);
      else this.#askBack([segment]);
      this.#refuse(cause instanceof Error ? cause.message : String(cause));
    }
  }

  /** Nobody there looks any more at what these held. */
  onReleased(ids: readonly number[]): void {
    for (const id of ids) {
      const segment = this.#segments.get(id);
      if (segment?.channel !== 'requests' || segment.state !== 'busy')
        throw this.#violation(`that it is done with segment ${id}, in which it was sent nothing`);
      segment.state = 'free';
      segment.usedAt = performance.now();
    }
  }

  /** These are gone. */
  onUnmapped(ids: readonly number[]): void {
    for (const id of ids) {
      const segment = this.#segments.get(id);
      if (segment === undefined || (segment.channel === 'replies' && segment.state === 'busy'))
        throw this.#violation(`that segment ${id} is gone, which is none or holds a reply`);
      segment.close();
      this.#segments.delete(id);
    }
  }

  /** Let go of all. */
  close(): void {
    clearInterval(this.#sweep);
    this.#pid = undefined;
    // Those that wait first, or one would begin when the other ends.
    for (const id of [...this.#turns.keys()].reverse()) this.#endTurn(id);
    for (const segment of this.#segments.values()) segment.close();
    this.#segments.clear();
  }

  #endTurn(id: number): void {
    this.#turns.get(id)?.();
    this.#turns.delete(id);
  }

  get #totalBytes(): number {
    let total = 0;
    for (const { bytes } of this.#segments.values()) total += bytes;
    return total;
  }

  /** Have free segments given back that are too small for `size`, those first that were not used for longest. */
  #makeRoom(channel: SegmentChannel, size: number): void {
    const { maxBytes } = this.#parts;
    const small = [...this.#segments.values()]
      .filter((segment) => segment.state === 'free' && (segment.bytes < size || segment.channel !== channel))
      .sort((a, b) => a.usedAt - b.usedAt);
    let over = this.#totalBytes + size - maxBytes;
    const leaving = small.filter(({ bytes }, place) => {
      const goes = over > 0 || place === 0;
      over -= bytes;
      return goes;
    });
    this.#askBack(leaving);
  }

  #giveBackIdle(): void {
    const since = performance.now() - IDLE_MS;
    this.#askBack(
      [...this.#segments.values()].filter(({ state, usedAt }) => state === 'free' && usedAt < since),
    );
  }

  #askBack(segments: readonly Segment[]): void {
    if (segments.length === 0) return;
    for (const segment of segments) segment.state = 'leaving';
    this.#parts.control.send(
      encodeMessage(FrameType.UNMAP, { segments: segments.map((segment) => segment.id) }),
    );
  }

  #refuse(reason: string): void {
    if (this.#refused) return;
    this.#refused = true;
    this.#parts.onRefused(reason);
  }

  #violation(what: string): Error {
    return protocolViolation(this.#parts.workerId, what);
  }
}

/** Up to the next of four sizes between two powers of two, so that buffers of about one size share a segment. */
function roundedUp(bytes: number): number {
  const step = 2 ** Math.max(12, Math.floor(Math.log2(bytes)) - 2);
  return Math.ceil(bytes / step) * step;
}
