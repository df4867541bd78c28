import { once } from 'node:events';
import { Socket } from 'node:net';
import type { FastifyReply } from 'fastify';
import type { PoolStream } from '@pypool/pool';
import { problemOf } from '../errors/problem.js';
import { cutOffWhenStalled } from './stalled-client.js';
import type { StreamFormat } from './stream-format.js';

/** What ends a stream before its time. */
export interface StreamEnds {
  /** The client has left: the stream has the same signal. */
  readonly gone: AbortSignal;
  /** The gateway takes no new requests. */
  readonly isLeaving: () => boolean;
  /** How long the client may take nothing of what waits for it. */
  readonly stalledClientMs: number;
}

/**
 * Send the items of a stream as they come, no faster than the client reads them: what it leaves unread, Python does not produce.
 *
 * Rejects, with nothing sent, where it fails before its first item: then there is a status to tell that by.
 *
 * It is kept alive as any other: to many clients what ends with its connection is complete, however little of it there is.
 */
export async function sendStream(
  reply: FastifyReply,
  stream: PoolStream<unknown>,
  format: StreamFormat,
  { gone, isLeaving, stalledClientMs }: StreamEnds,
): Promise<void> {
  let next = await stream.next();
  const response = reply.raw;
  const { socket } = response.req;
  const end = (last: string): void =>
    void response.end(last, () => {
      // Nobody asks for anything more here, and the server waits for its connections. Who asks without a socket has none.
      if (isLeaving() && socket instanceof Socket) socket.end();
    });
  reply.hijack();
  cutOffWhenStalled(response, stalledClientMs);
  response.writeHead(200, {
    'content-type': format.contentType,
    'cache-control': 'no-store',
    // For nginx, which would collect it.
    'x-accel-buffering': 'no',
  });
  try {
    for (; next.done !== true; next = await stream.next()) {
      if (!response.write(format.item(next.value))) await once(response, 'drain', { signal: gone });
    }
    end(format.end);
  } catch (error) {
    await stream.return();
    // To a client that has gone this is nothing.
    end(format.failure(problemOf(error)));
  }
}
