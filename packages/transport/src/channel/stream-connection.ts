import type { Duplex } from 'node:stream';
import { CONTROL_FROM_PYTHON, REPLY_TYPES, type PypoolError } from '@pypool/protocol';
import type { Connection } from '../contract.js';
import { ChannelSink } from './channel-sink.js';
import { ChannelSource } from './channel-source.js';
import { keepReadable } from './keep-readable.js';

/** A byte stream for each channel. Of `requests` only the writing side is used, of `replies` only the reading side. */
export interface ChannelStreams {
  readonly requests: Duplex;
  readonly replies: Duplex;
  readonly control: Duplex;
}

/** What the streams of {@link createStreamConnection} are like. */
export interface StreamConnectionOptions {
  /** See {@link Connection.exactEnd}. */
  readonly exactEnd: boolean;
}

/** A {@link Connection} over three Node streams, which it owns from now on. What every transport of this repository is made of. */
export function createStreamConnection(
  streams: ChannelStreams,
  options: StreamConnectionOptions,
): Connection {
  const { requests, replies, control } = streams;
  const { exactEnd } = options;
  const requestSink = new ChannelSink(requests, destroy);
  const controlSink = new ChannelSink(control, destroy);
  keepReadable(control, () => controlSink.abandon());
  const replySource = new ChannelSource(replies, {
    channel: 'replies',
    accepts: REPLY_TYPES,
    resetIsEnd: exactEnd,
  });
  const controlSource = new ChannelSource(control, {
    channel: 'control',
    accepts: CONTROL_FROM_PYTHON,
    resetIsEnd: exactEnd,
  });

  const connection: Connection = {
    requests: requestSink,
    control: controlSink,
    exactEnd,
    listen(listeners) {
      replySource.listen(listeners.replies);
      controlSource.listen(listeners.control);
      // Nothing is said in this direction, but a stream that is never read never notices that its peer is gone, and stays open.
      requests.resume();
    },
    limit(limits) {
      requestSink.limit(limits);
      controlSink.limit(limits);
      replySource.limit(limits);
      controlSource.limit(limits);
    },
    keepAlive(on) {
      for (const stream of [replies, control]) reference(stream, on);
    },
    destroy: () => destroy(),
  };
  for (const stream of [requests, replies, control]) reference(stream, false);
  return connection;

  function destroy(reason?: PypoolError): void {
    requests.destroy();
    replySource.destroy(reason);
    controlSource.destroy(reason);
  }
}

/** Sockets can be told not to keep the process alive; a stream that has no such method does not. */
function reference(stream: Duplex & { ref?(): unknown; unref?(): unknown }, on: boolean): void {
  if (stream.destroyed) return;
  if (on) stream.ref?.();
  else stream.unref?.();
}
