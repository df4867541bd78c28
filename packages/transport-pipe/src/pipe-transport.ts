import type { Duplex } from 'node:stream';
import { createError } from '@pypool/protocol';
import { createStreamConnection, type ConnectionOffer, type Transport } from '@pypool/transport';

/**
 * Frames over socket pairs that the worker inherits: descriptor 3 for requests, 4 for replies, 5 for control.
 *
 * Nothing listens anywhere and nothing has a name, so nobody else can connect, and the end of either side is the end of the
 * connection. Needs a launcher that starts processes from this Node process. Passes `transportConformance()`.
 */
export function pipeTransport(): Transport {
  return {
    name: 'pipe',
    async offer(signal) {
      signal.throwIfAborted();
      return PIPES;
    },
    close: () => Promise.resolve(),
  };
}

/** Nothing is prepared and nothing held, so that one offer serves every worker. */
const PIPES: ConnectionOffer = {
  pipes: 3,
  args: ['--channels', 'fd:3,4,5'],
  async accept(pipes: readonly Duplex[], signal) {
    signal.throwIfAborted();
    const [requests, replies, control] = pipes;
    if (requests === undefined || replies === undefined || control === undefined) {
      throw createError({
        code: 'internal',
        message: `The pipe transport asked the launcher for 3 pipes and was given ${pipes.length}`,
        context: { pipes: pipes.length },
      });
    }
    return createStreamConnection({ requests, replies, control }, { exactEnd: true });
  },
  withdraw() {
    // Nothing is held before accept().
  },
};
