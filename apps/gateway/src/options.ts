import { createError, shown } from '@pypool/protocol';
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
  /** Budget of a call whose request has no `x-timeout-ms`. `Infinity`: none. @defaultValue `60_000` */
  readonly timeoutMs?: number;
  /** Sessions that may be open; new ones beyond are 503. @defaultValue `100_000` */
  readonly maxSessions?: number;
  /** How long a session lasts after its last call. @defaultValue `3_600_000` */
  readonly sessionTtlMs?: number;
  /** Address to listen at. One that others can reach needs a `token`, or `open: true`. @defaultValue `'127.0.0.1'` */
  readonly host?: string;
  /** 0: any that is free. @defaultValue `0` */
  readonly port?: number;
  /** What requests must bring as `Authorization: Bearer`. @defaultValue nothing is asked for */
  readonly token?: string;
  /** Serve whoever can reach `host` without a token: something in front of it decides who may. @defaultValue `false` */
  readonly open?: boolean;
  /** Largest body of a request; a larger one is 413. @defaultValue 16 MiB */
  readonly maxBodyBytes?: number;
  /** How long `close()` goes on to take requests while it tells that it is about to leave. 0: not at all. @defaultValue `0` */
  readonly drainMs?: number;
  /** How long requests may take to end after that. @defaultValue `30_000` */
  readonly closeTimeoutMs?: number;
  /** Where the log goes, a line of JSON for each record; `false`: nowhere. @defaultValue `false` */
  readonly log?: NodeJS.WritableStream | false;
}

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
  const { host = '127.0.0.1', port = 0, token, open = false, maxBodyBytes = 16 * 1024 ** 2 } = options;
  const { drainMs = 0, closeTimeoutMs = 30_000 } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw invalid('port', 'a whole number up to 65535', port);
  if (!Number.isInteger(maxBodyBytes) || maxBodyBytes < 1)
    throw invalid('maxBodyBytes', 'a number of bytes of at least 1', maxBodyBytes);
  for (const [name, value] of Object.entries({ drainMs, closeTimeoutMs }))
    if (!(value >= 0 && value <= 2 ** 31 - 1))
      throw invalid(name, 'a number of milliseconds from 0 up', value);
  if (token?.trim() === '') throw invalid('token', 'a text that is not empty', token);
  if (token === undefined && !open && !isLoopback(host)) throw unguarded(host);
  return Object.freeze({
    ...options,
    name: options.name ?? 'gateway',
    launcher: options.launcher ?? 'auto',
    size: options.size ?? 2,
    overflow: options.overflow ?? 0,
    maxQueue: options.maxQueue ?? 1_000,
    timeoutMs: options.timeoutMs ?? 60_000,
    maxSessions: options.maxSessions ?? 100_000,
    sessionTtlMs: options.sessionTtlMs ?? 3_600_000,
    host,
    port,
    open,
    maxBodyBytes,
    drainMs,
    closeTimeoutMs,
    log: options.log ?? false,
  });
}

/** Whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

function unguarded(host: string): Error {
  return createError({
    code: 'invalid-options',
    message: `Invalid options of the gateway: host: others can reach ${host}, and would call any function and reload the pool: set a token, or open: true where something in front of it decides who may.`,
    context: { option: 'host', host },
  });
}

function invalid(option: string, expected: string, value: unknown): Error {
  return createError({
    code: 'invalid-options',
    message: `Invalid options of the gateway: ${option}: expected ${expected}, got ${shown(value)}.`,
    context: { option },
  });
}
