import type { Duplex } from 'node:stream';

type WriteCallback = (error?: Error | null) => void;

/**
 * Let a stream be read to its end although writing to it has failed.
 *
 * Node destroys a socket when a write to it fails with EPIPE, and throws away what the peer had sent before it died: of a worker that
 * reports why it cannot start and exits, a ping at the wrong moment would lose the reason. Requests and replies are separate streams for
 * this; control goes both ways in one, so there the failure of a write is kept from the stream.
 *
 * @param onBroken Called at each failed write: the peer is gone, and nothing that is written arrives any more.
 */
export function keepReadable(stream: Duplex, onBroken: () => void): void {
  const tolerant =
    (done: WriteCallback): WriteCallback =>
    (error) => {
      if (error == null || !saysGone(error)) return done(error);
      onBroken();
      done();
    };
  // Both are the documented hooks of a stream's implementation, and called as methods of this object.
  const write = stream._write.bind(stream);
  stream._write = (chunk, encoding, done) => write(chunk, encoding, tolerant(done));
  const writev = stream._writev?.bind(stream);
  if (writev !== undefined) stream._writev = (chunks, done) => writev(chunks, tolerant(done));
}

function saysGone(error: NodeJS.ErrnoException): boolean {
  return error.code === 'EPIPE' || error.code === 'ECONNRESET';
}
