import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
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
  const names = new OwnNames();
  const refusal = (request: FastifyRequest, reply: FastifyReply): RequestError | undefined => {
    if (isOfOtherSite(request)) return otherSite(`Pages of ${request.headers.origin} may not call this.`);
    if (wanted === undefined) return open ? undefined : names.refusal(request);
    if (request.routeOptions.config.open === true || timingSafeEqual(digest(bearer(request)), wanted))
      return undefined;
    reply.header('www-authenticate', 'Bearer realm="pypool"');
    return new RequestError(
      401,
      'unauthorized',
      'This needs the token of the gateway, as Authorization: Bearer TOKEN.',
    );
  };
  app.addHook('onRequest', (request, reply, done) => done(refusal(request, reply)));
}

/** Texts of any length compare in the same time as digests. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function bearer({ headers }: FastifyRequest): string {
  return /^bearer +(\S+)\s*$/i.exec(headers.authorization ?? '')?.[1] ?? '';
}

/** A browser sends `Origin` along: a page of another site must not call what listens on its visitor's own machine. */
function isOfOtherSite({ headers, method }: FastifyRequest): boolean {
  const { origin, host } = headers;
  if (origin === undefined || method === 'GET' || method === 'HEAD') return false;
  return !URL.canParse(origin) || new URL(origin).host !== host;
}

/**
 * Without a token this machine is who may call, and so may be a page in its browser whose site has given its own name this machine's address: then
 * it is that name that the browser asks for.
 */
class OwnNames {
  /** The name that was let in last, which most clients ask by again: it need not be taken apart each time. */
  #last: string | undefined;

  refusal({ headers }: FastifyRequest): RequestError | undefined {
    const { host } = headers;
    // Every browser names one; a probe that speaks HTTP/1.0 need not.
    if (host === undefined || host === this.#last) return undefined;
    if (URL.canParse(`http://${host}`) && isLoopback(new URL(`http://${host}`).hostname)) {
      this.#last = host;
      return undefined;
    }
    return otherSite(
      `Without a token only this machine is served, by the name localhost or its address, not as ${host}.`,
    );
  }
}

function otherSite(message: string): RequestError {
  return new RequestError(403, 'other-site', message);
}
