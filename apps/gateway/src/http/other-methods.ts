import type { FastifyInstance, RouteOptions } from 'fastify';
import { RequestError } from '../errors/request-error.js';

/** What a path has been given: its methods, and whether anybody may ask for it. */
interface Path {
  readonly methods: Set<string>;
  readonly open: boolean;
}

/**
 * Answer who asks for what is there by a method that it has not: 405, and to OPTIONS which ones it has. Both are told by `Allow`, before a body is
 * read.
 *
 * @returns does so for all routes that were made since
 */
export function answerOtherMethods(app: FastifyInstance): () => void {
  const paths = new Map<string, Path>();
  let all = false;
  app.addHook('onRoute', ({ url, method, config }) => {
    if (all) return;
    const path = paths.get(url) ?? { methods: new Set(), open: config?.open === true };
    for (const each of [method].flat()) path.methods.add(each);
    paths.set(url, path);
  });
  return () => {
    all = true;
    for (const [url, path] of paths) app.route(othersOf(url, path, app.supportedMethods));
  };
}

function othersOf(url: string, { methods, open }: Path, supported: readonly string[]): RouteOptions {
  // In one order, whichever its routes were made in.
  const had = supported.filter((method) => methods.has(method)).toSorted();
  const allow = [...had, 'OPTIONS'].join(', ');
  // HEAD is of no use to who wants to know what to send.
  const useful = had.filter((method) => method !== 'HEAD').join(' or ');
  return {
    url,
    method: supported.filter((method) => !methods.has(method)),
    exposeHeadRoute: false,
    config: { open },
    onRequest(request, reply, done) {
      reply.header('allow', allow);
      if (request.method === 'OPTIONS') return void reply.status(204).send();
      const path = request.url.split('?', 1)[0];
      done(
        new RequestError(405, 'method-not-allowed', `There is no ${request.method} ${path}: use ${useful}.`),
      );
    },
    handler: () => undefined,
  };
}
