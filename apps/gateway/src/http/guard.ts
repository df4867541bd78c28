import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RequestError } from '../errors/request-error.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Anybody may ask for it: it tells nothing of what runs here, and changes nothing. */
    readonly open?: boolean;
  }
}

/** Let nobody in without the token, where there is one, and no other site's pages. */
export function guard(app: FastifyInstance, token: string | undefined): void {
  const wanted = token === undefined ? undefined : digest(token);
  app.addHook('onRequest', async (request, reply) => {
    refuseOtherSites(request);
    if (wanted === undefined || request.routeOptions.config.open === true) return;
    if (timingSafeEqual(digest(bearer(request)), wanted)) return;
    reply.header('www-authenticate', 'Bearer realm="pypool"');
    throw new RequestError(
      401,
      'unauthorized',
      'This needs the token of the gateway, as Authorization: Bearer TOKEN.',
    );
  });
}

/** Texts of any length compare in the same time as digests. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function bearer({ headers }: FastifyRequest): string {
  return /^bearer +(\S+)\s*$/i.exec(headers.authorization ?? '')?.[1] ?? '';
}

/** A browser sends `Origin` along: a page of another site must not call what listens on its visitor's own machine. */
function refuseOtherSites({ headers, method }: FastifyRequest): void {
  const { origin, host } = headers;
  if (origin === undefined || method === 'GET' || method === 'HEAD') return;
  if (URL.canParse(origin) && new URL(origin).host === host) return;
  throw new RequestError(403, 'other-site', `Pages of ${origin} may not call this.`);
}
