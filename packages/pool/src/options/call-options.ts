import {
  createError,
  isPlainObject,
  noSuchOption,
  shown,
  type CallMeta,
  type PypoolError,
} from '@pypool/protocol';

/** How one call or stream differs from what the pool does by default. `undefined` is as if it were left out. */
export interface PoolCallOptions {
  /**
   * Budget of the whole call, the wait included. 0: rejected at once. `Infinity`: none.
   *
   * @defaultValue the pool's `timeoutMs`; `Infinity` for a stream
   */
  readonly timeoutMs?: number | undefined;
  /**
   * Budget from when a worker begins with it to its result. 0: ended, unless it has answered by the next turn of the event loop. `Infinity`: none.
   *
   * @defaultValue what its worker says of the function; or else the pool's `executionTimeoutMs`, `Infinity` for a stream
   */
  readonly executionTimeoutMs?: number | undefined;
  /**
   * Budget of the wait for a worker. 0: does not wait: without a free place it is refused at once, and no worker is started for it, the pool's first one included. `Infinity`: waits as long as the whole call may take.
   *
   * @defaultValue the pool's `checkoutTimeoutMs`
   */
  readonly checkoutTimeoutMs?: number | undefined;
  /**
   * Budget of each item of a stream while its consumer waits for it; nothing to a call. 0: each item has to be there already. `Infinity`: none.
   *
   * @defaultValue the pool's `itemTimeoutMs`
   */
  readonly itemTimeoutMs?: number | undefined;
  /** When the whole call must be over: milliseconds since the Unix epoch, or a `Date`. Holds whatever the pool is doing, and beside `timeoutMs`. */
  readonly deadline?: number | Date | undefined;
  /** Aborts the call, whether it waits or runs. */
  readonly signal?: AbortSignal | undefined;
  /** Higher goes first, under a queue discipline that looks at it; under any other an error. @defaultValue `0` */
  readonly priority?: number | undefined;
  /** Labels of the caller: seen by the handler, the queue discipline and `status()`. JSON values only. */
  readonly attributes?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Whether running it twice is harmless: then a call, not a stream, is tried again when its worker dies under it.
   *
   * @defaultValue what its worker says of the function, or else `false`
   */
  readonly idempotent?: boolean | undefined;
  /**
   * Memory that the first bytes or array of the result are read into, if they fit: the result lies in it then, and no memory has to be found for it. Until the call
   * has settled its content is undefined, and it is of no other call; where the call fails, it stays undefined. What does not fit, or begins at no multiple of 8 bytes,
   * has its result in memory of its own, as ever. It may be an argument of the same call. Once some of the result was read into it, the call is not made again,
   * idempotent or not. Nothing to a stream.
   */
  readonly into?: ArrayBufferView | undefined;
  /** For those who build on the pool, not for callers: what travels beside `attributes`, such as the session of those who keep sessions. */
  readonly meta?: CallMeta | undefined;
}

const DURATIONS = ['timeoutMs', 'executionTimeoutMs', 'checkoutTimeoutMs', 'itemTimeoutMs'] as const;

const KNOWN: ReadonlySet<string> = new Set<keyof PoolCallOptions>([
  ...DURATIONS,
  'deadline',
  'signal',
  'priority',
  'attributes',
  'idempotent',
  'into',
  'meta',
]);

/** What they are called elsewhere. */
const OTHER_NAMES = {
  callTimeout: 'timeoutMs',
  queueTimeout: 'checkoutTimeoutMs',
  abortSignal: 'signal',
  labels: 'attributes',
};

/**
 * What is wrong with a call's options, or `undefined`. Written out by hand, for it runs with every call that has options.
 *
 * @param usesPriority whether the pool's queue discipline looks at `priority`
 */
export function findOptionsError(options: PoolCallOptions, usesPriority: boolean): PypoolError | undefined {
  if (!isPlainObject(options))
    return wrong('all', `they are a plain object, or left out, and not ${shown(options)}`);
  for (const key in options) {
    if (!KNOWN.has(key) && options[key] !== undefined)
      return wrong(key, noSuchOption(key, [...KNOWN], OTHER_NAMES));
  }
  for (const key of DURATIONS) {
    const value = options[key];
    if (value !== undefined && !(typeof value === 'number' && value >= 0)) {
      const given = typeof value === 'number' ? value : `a value of type ${typeof value}`;
      return wrong(key, `${given} is not a number of milliseconds of at least 0`);
    }
  }
  const { deadline, priority, signal, attributes, meta } = options;
  if (deadline !== undefined && typeof deadline !== 'number' && !(deadline instanceof Date)) {
    return wrong('deadline', 'it is neither milliseconds since the Unix epoch nor a Date');
  }
  if (deadline !== undefined && Number.isNaN(Number(deadline)))
    return wrong('deadline', 'it is no point in time');
  if (signal !== undefined && !isSignal(signal)) {
    return wrong('signal', 'it is not an AbortSignal');
  }
  if (priority !== undefined) {
    if (typeof priority !== 'number' || Number.isNaN(priority))
      return wrong('priority', 'it is not a number');
    if (!usesPriority) {
      return wrong('priority', "this pool's queue discipline ignores it; choose `queue: priority()`");
    }
  }
  if (options.idempotent !== undefined && typeof options.idempotent !== 'boolean') {
    return wrong('idempotent', 'it is not a boolean');
  }
  if (options.into !== undefined && !ArrayBuffer.isView(options.into)) {
    return wrong('into', 'it is neither a typed array nor a Buffer');
  }
  // What has another shape would be refused by the worker, as a breach of the protocol.
  if (attributes !== undefined && !isPlainObject(attributes)) {
    return wrong('attributes', 'it is not a plain object');
  }
  if (meta !== undefined && !isMeta(meta)) {
    return wrong(
      'meta',
      'it is not { session?: { id: string, metadata?: object }, traceparent?: string, tracestate?: string }',
    );
  }
  return undefined;
}

/** Whether something is an AbortSignal, by what is used of it: those of other realms and of polyfills will do. */
export function isSignal(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value;
}

function isMeta(meta: unknown): boolean {
  if (!isPlainObject(meta)) return false;
  if (!isTextOrLeftOut(meta['traceparent']) || !isTextOrLeftOut(meta['tracestate'])) return false;
  const session = meta['session'];
  if (session === undefined) return true;
  if (!isPlainObject(session) || typeof session['id'] !== 'string' || session['id'] === '') return false;
  return session['metadata'] === undefined || isPlainObject(session['metadata']);
}

function isTextOrLeftOut(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

function wrong(option: string, what: string): PypoolError {
  return createError({
    code: 'invalid-options',
    message: `${option === 'all' ? 'Call options' : `Call option ${option}`}: ${what}.`,
    context: { option },
  });
}
