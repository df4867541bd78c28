import type { FastifyInstance } from 'fastify';
import type { ComposedPool } from '../compose/compose-pool.js';
import { openApi } from '../functions/openapi.js';

/** `GET /openapi.json`, made anew when the functions have changed. */
export function openApiRoute(
  app: FastifyInstance,
  { pool, catalogue }: ComposedPool,
  options: { readonly hasToken: boolean },
): void {
  let text: string | undefined;
  catalogue.onChange(() => (text = undefined));
  app.get('/openapi.json', async (_request, reply) => {
    if (!catalogue.known) await pool.ready();
    const functions = [...catalogue.functions.values()].map(({ told }) => told);
    text ??= JSON.stringify(openApi(pool.name, functions, options));
    return reply.type('application/json; charset=utf-8').send(text);
  });
}
