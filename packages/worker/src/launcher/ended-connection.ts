import { Duplex } from 'node:stream';
import { createStreamConnection, type Connection } from '@pypool/transport';

/**
 * The connection of a process that ended before it made one: at its end from the start.
 *
 * Such a process is a worker that died, like one that dies with its first word: what is known of that, its exit and its last lines, is told in one place.
 */
export function endedConnection(): Connection {
  const ended = (): Duplex =>
    new Duplex({
      read() {
        this.push(null);
      },
      write: (_chunk, _encoding, done) => done(),
    });
  return createStreamConnection(
    { requests: ended(), replies: ended(), control: ended() },
    { exactEnd: true },
  );
}
