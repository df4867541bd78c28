import { createError, noSuchOption, shown } from '@pypool/protocol';
import type { Engine } from '@pypool/worker';

/** How a gateway is made. Durations are milliseconds, sizes bytes. */
export interface GatewayOptions {
  /** The Python module that is served: a path, or a dotted name. */
  readonly module: string;
  /** Name of the pool, in ids, logs and metrics. @defaultValue `'gateway'` */
  readonly name?: string;
  /** Interpreter. @defaultValue what is found from the module upward */
  readonly python?: string;
  /** How a worker runs its calls. @defaultValue `'sync'` */
  readonly engine?: Engine;
  /** Calls that one worker runs at once. @defaultValue that of the engine */
  readonly concurrency?: number;
  /** What brings workers into being. @defaultValue `'auto'` */
  readonly launcher?: 'auto' | 'spawn' | 'fork';
  /** Steady workers. @defaultValue `2` */
  readonly size?: number;
  /** Workers beyond these under load. 0: none. @defaultValue `0` */
  readonly overflow?: number;
  /** Calls that may wait; more are 503. 0: none. @defaultValue `1_000` */
  readonly maxQueue?: number;
  /**
   * Whether workers are sent short calls ahead, which serves many requests at once faster. `false`: each waits for a worker that is free, by its priority.
   * For functions that take microseconds nearly always and hold the interpreter for seconds now and then: what was sent behind one waits for it.
   *
   * @defaultValue `true`
   */
  readonly prefetch?: boolean;
  /** Budget of a call whose request has no `x-timeout-ms`; a stream has none unless its request says so. `Infinity`: none. @defaultValue `60_000` */
  readonly timeoutMs?: number;
  /** The most that an `x-timeout-ms` may ask for; more is 400. `Infinity`: whatever is asked for. @defaultValue `3_600_000` */
  readonly maxTimeoutMs?: number;
  /** The most steady workers that `POST /admin/resize` may ask for; more is 400. @defaultValue `256` */
  readonly maxWorkers?: number;
  /** Sessions that may be open; new ones beyond are 503. @defaultValue `100_000` */
  readonly maxSessions?: number;
  /** How long a session lasts after its last call. @defaultValue `3_600_000` */
  readonly sessionTtlMs?: number;
  /** Address to listen at; of `localhost` that of IPv4, where it has one. One that others can reach needs a `token`, or `open: true`. @defaultValue `'127.0.0.1'` */
  readonly host?: string;
  /** 0: any that is free. @defaultValue `0` */
  readonly port?: number;
  /** What requests must bring as `Authorization: Bearer`. White space around it, as of a file's last line, is none of it. @defaultValue nothing is asked for */
  readonly token?: string;
  /** Serve whoever can reach `host` without a token: something in front of it decides who may. @defaultValue `false` */
  readonly open?: boolean;
  /** Largest body of a request; a larger one is 413. @defaultValue 16 MiB */
  readonly maxBodyBytes?: number;
  /**
   * How long a client may take nothing of what waits for it, of a stream or a large result. Then its connection is cut and its call cancelled: a worker
   * waits with a stream. It is noticed after that long at the earliest, and twice that at the latest. `Infinity`: it may for ever.
   *
   * @defaultValue `30_000`
   */
  readonly stalledClientMs?: number;
  /** How long `close()` goes on to take requests while it tells that it is about to leave. 0: not at all. @defaultValue `0` */
  readonly drainMs?: number;
  /** How long requests may take to end after that. @defaultValue `30_000` */
  readonly closeTimeoutMs?: number;
  /** Where the log goes, a line of JSON for each record; `false`: nowhere. @defaultValue `false` */
  readonly log?: NodeJS.WritableStream | false;
}

/** Those that there are: the compiler sees that none is left out. */
const NAMES: Readonly<Record<keyof GatewayOptions, true>> = {
  module: true,
  name: true,
  python: true,
  engine: true,
  concurrency: true,
  launcher: true,
  size: true,
  overflow: true,
  maxQueue: true,
  prefetch: true,
  timeoutMs: true,
  maxTimeoutMs: true,
  maxWorkers: true,
  maxSessions: true,
  sessionTtlMs: true,
  host: true,
  port: true,
  token: true,
  open: true,
  maxBodyBytes: true,
  stalledClientMs: true,
  drainMs: true,
  closeTimeoutMs: true,
  log: true,
};

/** The longest that a timer of Node can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** {@link GatewayOptions} with what was left out filled in. */
export type ResolvedGatewayOptions = Required<
  Omit<GatewayOptions, 'python' | 'engine' | 'concurrency' | 'token'>
> &
  Pick<GatewayOptions, 'python' | 'engine' | 'concurrency' | 'token'>;

/**
 * Fill in what was left out. What the layers are given they check themselves.
 *
 * @throws PypoolError `invalid-options`
 */
export function resolveGatewayOptions(options: GatewayOptions): ResolvedGatewayOptions {
  for (const name of Object.keys(options)) if (!Object.hasOwn(NAMES, name)) throw unknown(name);
  const { host = '127.0.0.1', port = 0, open = false, maxBodyBytes = 16 * 1024 ** 2 } = options;
  const { drainMs = 0, closeTimeoutMs = 30_000, stalledClientMs = 30_000 } = options;
  const { maxTimeoutMs = 3_600_000, size = 2, maxWorkers } = options;
  const token = options.token?.trim();
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw invalid('port', 'a whole number up to 65535', port);
  if (!Number.isInteger(maxBodyBytes) || maxBodyBytes < 1)
    throw invalid('maxBodyBytes', 'a number of bytes of at least 1', maxBodyBytes);
  for (const [name, value] of Object.entries({ drainMs, closeTimeoutMs }))
    if (!(value >= 0 && value <= MAX_TIMER_MS))
      throw invalid(name, 'a number of milliseconds from 0 up', value);
  if (stalledClientMs !== Infinity && !(stalledClientMs >= 1 && stalledClientMs <= MAX_TIMER_MS))
    throw invalid('stalledClientMs', 'a number of milliseconds from 1 up, or Infinity', stalledClientMs);
  if (!(maxTimeoutMs >= 0)) throw invalid('maxTimeoutMs', 'a number of milliseconds from 0 up', maxTimeoutMs);
  // Of these two layers below would each complain in words of its own.
  if (size === 0 && !((options.overflow ?? 0) > 0))
    throw invalid('size', 'at least 1 where overflow is 0', size);
  if (maxWorkers !== undefined && (!Number.isInteger(maxWorkers) || maxWorkers < size))
    throw invalid('maxWorkers', `a whole number of at least size (${size})`, maxWorkers);
  if (token === '') throw invalid('token', 'a text that is not empty', token);
  if (token !== undefined && !/^[!-~]+$/.test(token)) throw unsendable();
  if (token === undefined && !open && !isLoopback(host)) throw unguarded(host);
  return Object.freeze({
    ...options,
    name: options.name ?? 'gateway',
    launcher: options.launcher ?? 'auto',
    size,
    overflow: options.overflow ?? 0,
    maxQueue: options.maxQueue ?? 1_000,
    prefetch: options.prefetch ?? true,
    timeoutMs: options.timeoutMs ?? Math.min(60_000, maxTimeoutMs),
    maxTimeoutMs,
    maxWorkers: maxWorkers ?? Math.max(256, size),
    maxSessions: options.maxSessions ?? 100_000,
    sessionTtlMs: options.sessionTtlMs ?? 3_600_000,
    host,
    port,
    open,
    ...(token !== undefined && { token }),
    maxBodyBytes,
    stalledClientMs,
    drainMs,
    closeTimeoutMs,
    log: options.log ?? false,
  });
}

/** Whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

function unknown(name: string): Error {
  return createError({
    code: 'invalid-options',
    message: `Invalid options of the gateway: ${name}: ${noSuchOption(name, Object.keys(NAMES))}.`,
    context: { option: name },
  });
}

function unguarded(host: string): Error {
  return createError({
    code: 'invalid-options',
    message: `Invalid options of the gateway: host: others can reach ${host}, and would call any function and reload the pool: set a token (PYPOOL_GATEWAY_TOKEN), or open: true (--open) where something in front of it decides who may.`,
    context: { option: 'host', host },
  });
}

/** What the token is stays out of the message, which goes to logs. */
function unsendable(): Error {
  return createError({
    code: 'invalid-options',
    message:
      'Invalid options of the gateway: token: expected printable ASCII characters with no space among them, which is what a header holds as it is.',
    context: { option: 'token' },
  });
}

function invalid(option: string, expected: string, value: unknown): Error {
  return createError({
    code: 'invalid-options',
    message: `Invalid options of the gateway: ${option}: expected ${expected}, got ${shown(value)}.`,
    context: { option },
  });
}
