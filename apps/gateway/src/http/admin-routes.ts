import type { FastifyInstance } from 'fastify';
import type { Pool } from '@pypool/pool';
import { invalidFields } from '../errors/request-error.js';

/**
 * `POST /admin/reload` and `POST /admin/resize`.
 *
 * @param maxWorkers the most that it may be resized to
 */
export function adminRoutes(app: FastifyInstance, pool: Pool, maxWorkers: number): void {
  /** Answers when no worker from before is left. Calls go on meanwhile, and none fails for it. */
  app.post('/admin/reload', async () => {
    const began = performance.now();
    await pool.reload();
    return { reloadMs: Math.round(performance.now() - began) };
  });

  app.post('/admin/resize', async ({ body }) => {
    const size: unknown = (body as { size?: unknown } | null | undefined)?.size;
    if (typeof size !== 'number')
      throw invalidFields('The pool cannot be resized', [
        { field: 'size', message: 'has to be a number of workers' },
      ]);
    if (size > maxWorkers)
      throw invalidFields('The pool cannot be resized', [
        { field: 'size', message: `may be at most ${maxWorkers} here` },
      ]);
    pool.resize(size);
    return { size: pool.status().size };
  });
}
