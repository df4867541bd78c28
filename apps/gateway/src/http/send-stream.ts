import { once } from 'node:events';
import type { FastifyReply } from 'fastify';
import type { PoolStream } from '@pypool/pool';
import { problemOf } from '../errors/problem.js';
import type { StreamFormat } from './stream-format.js';

/**
 * Send the items of a stream as they come, no faster than the client reads them: what it leaves unread, Python does not produce.
 *
 * Rejects, with nothing sent, where it fails before its first item: then there is a status to tell that by.
 *
 * @param gone the client has left: the stream has the same signal, and ends
 */
export async function sendStream(
  reply: FastifyReply,
  stream: PoolStream<unknown>,
  format: StreamFormat,
  gone: AbortSignal,
): Promise<void> {
  let next = await stream.next();
  const response = reply.raw;
  reply.hijack();
  response.writeHead(200, {
    'content-type': format.contentType,
    'cache-control': 'no-store',
    // For nginx, which would collect it.
    'x-accel-buffering': 'no',
    // Whoever reads a stream to its end has had its connection for long enough.
    connection: 'close',
  });
  try {
    for (; next.done !== true; next = await stream.next()) {
      if (!response.write(format.item(next.value))) await once(response, 'drain', { signal: gone });
    }
    response.end(format.end);
  } catch (error) {
    await stream.return();
    // To a client that has gone this is nothing.
    response.end(format.failure(problemOf(error)));
  }
}
