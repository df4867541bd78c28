import { lookup } from 'node:dns/promises';
import { setTimeout as delay } from 'node:timers/promises';
import Fastify, { LogController, type FastifyInstance } from 'fastify';
import { composePool, type ComposedPool } from './compose/compose-pool.js';
import { logEvents } from './compose/log-events.js';
import { collectMetrics, type Metrics } from './compose/metrics.js';
import { traceRequests, type Traces } from './compose/traces.js';
import { adminRoutes } from './http/admin-routes.js';
import { readBodies } from './http/bodies.js';
import { callRoutes } from './http/call-routes.js';
import { answerError, answerErrors } from './http/errors.js';
import { guard } from './http/guard.js';
import { openApiRoute } from './http/openapi-route.js';
import { answerOtherMethods } from './http/other-methods.js';
import { pageRoutes } from './http/page-routes.js';
import { probeRoutes } from './http/probe-routes.js';
import { sessionRoutes } from './http/session-routes.js';
import { cutOffWhenStalled } from './http/stalled-client.js';
import { answerUnreadable } from './http/unreadable-requests.js';
import { watchUnused } from './http/unused-connections.js';
import { LiveFeed } from './live/feed.js';
import { resolveGatewayOptions, type GatewayOptions, type ResolvedGatewayOptions } from './options.js';
import { PAGE_FOLDER } from './paths.js';
import { RequestError } from './errors/request-error.js';

/** How long a request may take to arrive. */
const REQUEST_TIMEOUT_MS = 60_000;

/** Of a name in a path, such as that of a session. */
const MAX_PARAM_LENGTH = 1_000;

/** A pool of Python workers that is called over HTTP. */
export interface Gateway extends AsyncDisposable {
  /** Where it listens, for example `http://127.0.0.1:8080`. */
  readonly url: string;
  /** The pool, for those who are in the same process. */
  readonly pool: ComposedPool['pool'];
  /** The server, to be asked without a socket (`inject`): by that nobody is told of who gives a request up, so limit its time by `x-timeout-ms`. */
  readonly app: FastifyInstance;
  /**
   * Leave with no request failed: tell `/readyz`, go on for `drainMs`, take no more connections, answer what is open, then let the workers go.
   * Requests that take longer than `closeTimeoutMs` are given up. Idempotent and shared.
   */
  close(): Promise<void>;
}

/**
 * Make a gateway and listen. It listens at once, while the workers still start: `/readyz` says when they are ready.
 *
 * @throws PypoolError `invalid-options`; `start-failed` where there is no Python; what `listen` fails with. Nothing is left running then.
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const resolved = resolveGatewayOptions(options);
  const composed = composePool(resolved);
  const server = new GatewayServer(resolved, composed);
  try {
    await server.listen();
    return server;
  } catch (error) {
    await server.close();
    throw error;
  }
}

class GatewayServer implements Gateway {
  readonly app: FastifyInstance;
  url = '';
  readonly #options: ResolvedGatewayOptions;
  readonly #composed: ComposedPool;
  readonly #feed: LiveFeed;
  readonly #metrics: Metrics;
  readonly #traces: Traces | undefined;
  readonly #endUnused: () => void;
  #isLeaving = false;
  #closing: Promise<void> | undefined;

  constructor(options: ResolvedGatewayOptions, composed: ComposedPool) {
    this.#options = options;
    this.#composed = composed;
    const { pool, front } = composed;
    this.#feed = new LiveFeed(composed);
    this.#metrics = collectMetrics({
      name: pool.name,
      observe: (observer) => pool.observe(observer),
      status: () => pool.status(),
      stats: () => pool.stats(),
      on: (name, listener) => pool.on(name, listener),
      off: (name, listener) => pool.off(name, listener),
      sessions: front.sessions,
    });
    this.#traces = traceRequests(pool);
    this.app = Fastify({
      bodyLimit: options.maxBodyBytes,
      // A body that never ends to arrive would hold its memory, and us when we leave. An answer may take as long as it takes.
      requestTimeout: REQUEST_TIMEOUT_MS,
      // What the router refuses is answered as all else is.
      frameworkErrors: answerError,
      clientErrorHandler: answerUnreadable,
      routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
      // A line for each request would cost more than many of the calls.
      logController: new LogController({ disableRequestLogging: true }),
      logger: options.log !== false && { stream: options.log, base: null },
      // Nor does each request need a logger of its own for the one line that a few of them write.
      childLoggerFactory: (logger) => logger,
      // While it closes, requests on connections that are open are answered, too.
      return503OnClosing: false,
    });
    this.#endUnused = watchUnused(this.app.server);
    if (options.log !== false) logEvents(composed, this.app.log);
  }

  get pool(): ComposedPool['pool'] {
    return this.#composed.pool;
  }

  async listen(): Promise<void> {
    const { app } = this;
    const { token, open, host, port, stalledClientMs, maxTimeoutMs, maxWorkers } = this.#options;
    const { pool, front } = this.#composed;
    const isLeaving = (): boolean => this.#isLeaving;
    answerErrors(app);
    readBodies(app);
    guard(app, { token, open });
    app.addHook('onSend', (_request, reply, _payload, done) => {
      if (isLeaving()) reply.header('connection', 'close');
      done();
    });
    const answerOthers = answerOtherMethods(app);
    callRoutes(app, this.#composed, {
      isLeaving,
      traces: this.#traces,
      stalledClientMs,
      maxTimeoutMs,
    });
    sessionRoutes(app, front);
    adminRoutes(app, pool, maxWorkers);
    probeRoutes(app, { pool, metrics: this.#metrics, isLeaving });
    openApiRoute(app, this.#composed, { hasToken: token !== undefined });
    app.get('/live', { exposeHeadRoute: false }, (_request, reply) => {
      // A page whose feed has ended asks for it again, and would keep us here.
      if (isLeaving()) throw new RequestError(503, 'leaving', 'The gateway is about to leave.');
      reply.hijack();
      cutOffWhenStalled(reply.raw, stalledClientMs);
      this.#feed.add(reply.raw);
    });
    await pageRoutes(app, PAGE_FOLDER);
    answerOthers();
    this.url = await app.listen({ host: await oneAddressOf(host), port });
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const { drainMs, closeTimeoutMs } = this.#options;
    this.#isLeaving = true;
    this.#feed.close();
    // Whoever keeps a connection is told with its next answer to open another, and whoever asks for one gets it: elsewhere, once probes have been read.
    // One that has never listened need not.
    if (drainMs > 0 && this.url !== '') await delay(drainMs);
    const late = setTimeout(() => this.app.server.closeAllConnections(), closeTimeoutMs);
    try {
      const closed = this.app.close();
      this.#endUnused();
      await closed;
    } finally {
      clearTimeout(late);
      try {
        await this.#composed.pool.close({ timeoutMs: closeTimeoutMs });
      } finally {
        this.#composed.front.close();
        this.#traces?.close();
        await this.#metrics.close();
      }
    }
  }
}

/**
 * Where to listen for a host. At `localhost` Fastify would listen at both its addresses, at the second with a server that nobody can close: what is
 * open there would keep us.
 */
async function oneAddressOf(host: string): Promise<string> {
  return host === 'localhost' ? (await lookup(host, { verbatim: false })).address : host;
}
