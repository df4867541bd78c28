import type { FastifyInstance } from 'fastify';
import type { Pool } from '@pypool/pool';
import type { Metrics } from '../compose/metrics.js';

/** What the probes need to know. */
export interface ProbeSources {
  readonly pool: Pool;
  readonly metrics: Metrics;
  /** It is about to leave: no new requests should be sent to it. */
  readonly isLeaving: () => boolean;
}

/** `/healthz`, `/readyz` and `/metrics`. */
export function probeRoutes(app: FastifyInstance, { pool, metrics, isLeaving }: ProbeSources): void {
  /** Whether this process is there. What Python does about its workers is not mended by a restart of Node. */
  app.get('/healthz', { config: { open: true } }, async () => ({ status: pool.health().status }));

  /** Whether a call made now would be served. Why not is for those with the token: it may quote what Python printed. */
  app.get('/readyz', { config: { open: true } }, async (_request, reply) => {
    const { status, ready } = pool.health();
    const isReady = ready && !isLeaving();
    return reply
      .status(isReady ? 200 : 503)
      .send({ ready: isReady, status: isLeaving() ? 'leaving' : status });
  });

  app.get('/metrics', (request, reply) => {
    reply.hijack();
    if (isLeaving()) reply.raw.setHeader('connection', 'close');
    metrics.answer(request.raw, reply.raw);
  });
}
