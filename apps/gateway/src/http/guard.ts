import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RequestError } from '../errors/request-error.js';
import { isLoopback } from '../options.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Anybody may ask for it: it tells nothing of what runs here, and changes nothing. */
    readonly open?: boolean;
  }
}

/** Who is let in. */
export interface Admission {
  readonly token: string | undefined;
  /** Whoever can reach it may call it. */
  readonly open: boolean;
}

/** Let nobody in without the token, where there is one, and no other site's pages. */
export function guard(app: FastifyInstance, { token, open }: Admission): void {
  const wanted = token === undefined ? undefined : digest(token);
  app.addHook('onRequest', async (request, reply) => {
    refuseOtherSites(request);
    if (wanted === undefined && !open) refuseOtherNames(request);
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

/**
 * Without a token this machine is who may call, and so may be a page in its browser whose site has given its own name this machine's address: then
 * it is that name that the browser asks for.
 */
function refuseOtherNames({ headers }: FastifyRequest): void {
  const { host = '' } = headers;
  if (URL.canParse(`http://${host}`) && isLoopback(new URL(`http://${host}`).hostname)) return;
  throw new RequestError(
    403,
    'other-site',
    `Without a token only this machine is served, by the name localhost or its address, not as ${host}.`,
  );
}
