import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** What the page may load: its own files, and nothing inline. What its code sets on elements is not concerned. */
const POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** The page at `/`, whose files anybody may have: what it shows it has to ask for, with the token. */
export async function pageRoutes(app: FastifyInstance, folder: string): Promise<void> {
  if (!existsSync(join(folder, 'index.html'))) {
    app.get('/', { config: { open: true } }, async (_request, reply) =>
      reply
        .type('text/plain')
        .send('The page is not built: npm run build. The API is described at /openapi.json.\n'),
    );
    return;
  }
  // Its routes are in a scope of their own, so that all of them are open.
  await app.register(async (scope) => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, open: true };
    });
    await scope.register(fastifyStatic, {
      root: folder,
      wildcard: false,
      setHeaders(response) {
        response.setHeader('content-security-policy', POLICY);
        response.setHeader('x-content-type-options', 'nosniff');
        response.setHeader('referrer-policy', 'no-referrer');
      },
    });
  });
}
