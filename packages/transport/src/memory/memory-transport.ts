import { CONTROL_FROM_NODE, REQUEST_TYPES, type FrameLimits } from '@pypool/protocol';
import { ChannelSink } from '../channel/channel-sink.js';
import { ChannelSource } from '../channel/channel-source.js';
import { createStreamConnection, type ChannelStreams } from '../channel/stream-connection.js';
import type { FrameListener, FrameSink, Transport } from '../contract.js';
import { memoryPair } from './memory-pair.js';

/** The runtime's side of a connection in memory: what a fake runtime in a test reads from and writes to. */
export interface RuntimeSide {
  /** Python to Node. */
  readonly replies: FrameSink;
  /** Both ways. */
  readonly control: FrameSink;
  /** The bytes under the frames, for tests of what no honest runtime sends. */
  readonly streams: ChannelStreams;
  /** Start to read. Called once. */
  listen(listeners: { readonly requests: FrameListener; readonly control: FrameListener }): void;
  /** As {@link Connection.limit}. */
  limit(limits: FrameLimits): void;
  /** Close all three channels, as the death of the process would: Node reads what was sent, then the end. Idempotent. */
  destroy(): void;
}

/** How a test meets its {@link createMemoryTransport}. */
export interface MemoryTransportOptions {
  /** Called with the runtime's side of each connection, before Node has its own. */
  onRuntime(runtime: RuntimeSide): void;
}

/**
 * A transport without a process, for tests: real frames, encoded and decoded, between two ends in this process.
 *
 * Passes `transportConformance()` from `@pypool/transport/testing`. Its connections keep no Node process alive, whatever they are told.
 */
export function createMemoryTransport(options: MemoryTransportOptions): Transport {
  return {
    name: 'memory',
    async offer(signal) {
      signal.throwIfAborted();
      return {
        pipes: 0,
        args: [],
        async accept(_pipes, acceptSignal) {
          acceptSignal.throwIfAborted();
          const [requests, runtimeRequests] = memoryPair();
          const [replies, runtimeReplies] = memoryPair();
          const [control, runtimeControl] = memoryPair();
          options.onRuntime(
            runtimeSide({ requests: runtimeRequests, replies: runtimeReplies, control: runtimeControl }),
          );
          return createStreamConnection({ requests, replies, control }, { exactEnd: true });
        },
        withdraw() {
          // Nothing is held before accept().
        },
      };
    },
    close: () => Promise.resolve(),
  };
}

function runtimeSide(streams: ChannelStreams): RuntimeSide {
  const replies = new ChannelSink(streams.replies, () => streams.replies.destroy());
  const control = new ChannelSink(streams.control, () => streams.control.destroy());
  const requestSource = new ChannelSource(streams.requests, {
    channel: 'requests',
    accepts: REQUEST_TYPES,
    resetIsEnd: true,
  });
  const controlSource = new ChannelSource(streams.control, {
    channel: 'control',
    accepts: CONTROL_FROM_NODE,
    resetIsEnd: true,
  });
  return {
    replies,
    control,
    streams,
    listen(listeners) {
      requestSource.listen(listeners.requests);
      controlSource.listen(listeners.control);
      streams.replies.resume();
    },
    limit(limits) {
      replies.limit(limits);
      control.limit(limits);
      requestSource.limit(limits);
      controlSource.limit(limits);
    },
    destroy() {
      streams.replies.destroy();
      requestSource.destroy();
      controlSource.destroy();
    },
  };
}
