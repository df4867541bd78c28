import {
  DEFAULT_LIMITS,
  FrameType,
  parseHello,
  parseMapped,
  parseSegments,
  type Frame,
  type SharedMemoryUse,
} from '@pypool/protocol';
import type { Connection } from '@pypool/transport';
import { asPypoolError } from '../calls/errors.js';
import { GatheringListener } from './gathering-listener.js';
import type { MapTurns } from './map-turns.js';
import { PlacingSink } from './placing-sink.js';
import type { ResultMemory } from './result-memory.js';
import { Segments, type SharedMemoryLimits } from './segments.js';

/** What {@link sharingConnection} needs to know. */
export interface SharingOptions extends SharedMemoryLimits {
  readonly workerId: string;
  /** Of all workers of one source. */
  readonly turns: MapTurns;
  /** Where large results are read into. It stays its maker's. */
  readonly memory: ResultMemory;
  /** Memory of its caller's for the result of a call, as long as it may be written to. */
  readonly intoOf: (callId: number) => ArrayBufferView | undefined;
  /** There will be no further segment, and why. Told at most once. */
  readonly onRefused: (reason: string) => void;
}

/** A connection, and what memory it shares. */
export interface SharingConnection extends Connection {
  readonly use: () => SharedMemoryUse;
}

/**
 * A connection whose large buffers pass through memory that both processes have, rather than through the channel (SPEC.md section 15).
 *
 * Nobody above or below it knows: whoever uses it sees frames that are whole, in their order, and the end of replies after all of them. It
 * owns the connection that it is made of. Segments there are only once a buffer was large; until then, and whenever none is free, buffers
 * travel in their frames.
 */
export function sharingConnection(inner: Connection, options: SharingOptions): SharingConnection {
  const segments = new Segments({ ...options, control: inner.control });
  let replies: GatheringListener | undefined;
  const requests = new PlacingSink(inner.requests, segments, DEFAULT_LIMITS, (error) =>
    replies?.break(asPypoolError(error, undefined)),
  );

  function destroy(): void {
    requests.stop();
    replies?.stop();
    segments.close();
    inner.destroy();
  }

  /** Whether a control message was about segments, and nobody else's. */
  function takes(frame: Frame): boolean {
    switch (frame.type) {
      case FrameType.HELLO:
        segments.describe(parseHello(frame));
        return false;
      case FrameType.MAPPED:
        segments.onMapped(parseMapped(frame));
        return true;
      case FrameType.RELEASED:
        segments.onReleased(parseSegments(frame).segments);
        return true;
      case FrameType.UNMAPPED:
        segments.onUnmapped(parseSegments(frame).segments);
        return true;
      default:
        return false;
    }
  }

  return {
    requests,
    control: inner.control,
    exactEnd: inner.exactEnd,
    listen(listeners) {
      const { control } = listeners;
      replies = new GatheringListener(listeners.replies, segments, options, destroy);
      inner.listen({
        replies,
        control: {
          onFrame: (frame) => {
            if (!takes(frame)) control.onFrame(frame);
          },
          onEnd: (error) => control.onEnd(error),
        },
      });
    },
    limit(limits) {
      requests.limits = limits;
      inner.limit(limits);
    },
    keepAlive: (on) => inner.keepAlive(on),
    destroy,
    use: () => segments.use,
  };
}
