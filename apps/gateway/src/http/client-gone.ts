import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

const signals = new WeakMap<Socket, AbortSignal>();

/**
 * Aborts when the client of a request goes before it has its whole answer: when its connection closes. One signal for all requests of a
 * connection, since making one costs as much as reading a request.
 */
export function clientGone({ socket }: IncomingMessage): AbortSignal {
  const known = signals.get(socket);
  if (known !== undefined) return known;
  const gone = new AbortController();
  const abort = (): void => gone.abort(new Error('the client has gone'));
  if (socket.destroyed) abort();
  else socket.once('close', abort);
  signals.set(socket, gone.signal);
  return gone.signal;
}
