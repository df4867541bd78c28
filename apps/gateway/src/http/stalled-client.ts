import type { ServerResponse } from 'node:http';
import { Socket } from 'node:net';

/**
 * Cut off the client of a response that takes nothing of what waits for it for `limitMs`: whatever produces for it would wait with it for ever.
 *
 * It is the timer of the socket, one for the whole response, which Node winds up again whenever bytes move: a slow client is none that has stopped. A
 * wait with nothing to send is no fault of the client's.
 *
 * @param limitMs `Infinity`: never
 */
export function cutOffWhenStalled(response: ServerResponse, limitMs: number): void {
  // One that was sent ahead over its connection has none yet, and its request has.
  const { socket } = response.req;
  // Who asks without a socket takes everything.
  if (limitMs === Infinity || !(socket instanceof Socket)) return;
  response.setTimeout(limitMs, () => {
    if (response.writableLength > 0) response.destroy();
  });
  // Before Node sets the time that a connection may be idle: a request that was sent ahead over the same one has another response, and no such limit.
  response.prependOnceListener('finish', () => socket.setTimeout(0));
}
