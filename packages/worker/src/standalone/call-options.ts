import { createError, isPlainObject, noSuchOption, shown, type PypoolError } from '@pypool/protocol';

/** How one call of a lone worker differs from others. */
export interface LoneCallOptions {
  /** Budget from its start to its result; past it the call is ended, and the worker where it has to be. 0: ended as soon as it has begun. `Infinity`: none. @defaultValue the function's own `timeout_seconds`, or `Infinity` */
  readonly executionTimeoutMs?: number;
  /** Budget of each item of a stream while its consumer waits for it. 0: each has to be there already. `Infinity`: none. @defaultValue `Infinity` */
  readonly itemTimeoutMs?: number;
  /** Ends the call: one that waits is withdrawn, one that runs is ended, and the worker where it has to be. `AbortSignal.timeout(ms)` limits wait and run together. */
  readonly signal?: AbortSignal;
  /** Labels that the handler sees in `current_call().attributes`. JSON values only. */
  readonly attributes?: Readonly<Record<string, unknown>>;
}

const DURATIONS = ['executionTimeoutMs', 'itemTimeoutMs'] as const;
const KNOWN: readonly string[] = [...DURATIONS, 'signal', 'attributes'] satisfies (keyof LoneCallOptions)[];

/** What they are called elsewhere; a lone worker's call has no budget of the whole, which `signal` can be. */
const OTHER_NAMES = {
  timeoutMs: 'executionTimeoutMs',
  callTimeout: 'executionTimeoutMs',
  abortSignal: 'signal',
};

/**
 * What is wrong with a call before it is looked at by Python, or `undefined`. A runtime takes a CALL of another shape for garbage and ends, and with it
 * every call that it has.
 */
export function findCallError(name: unknown, options: LoneCallOptions | undefined): PypoolError | undefined {
  if (typeof name !== 'string') {
    return createError({
      code: 'invalid-arguments',
      message: `The name of a call is ${name === null ? 'null' : typeof name}, not a string.`,
    });
  }
  return options === undefined ? undefined : findOptionsError(options);
}

/** Written out by hand, for it runs with every call that has options. */
function findOptionsError(options: LoneCallOptions): PypoolError | undefined {
  if (typeof options !== 'object' || options === null)
    return wrong('all', `they are an object, or left out, and not ${shown(options)}`);
  for (const key in options) {
    if (!KNOWN.includes(key)) return wrong(key, noSuchOption(key, KNOWN, OTHER_NAMES));
  }
  for (const key of DURATIONS) {
    const value = options[key];
    if (value !== undefined && !(typeof value === 'number' && value >= 0)) {
      return wrong(key, `${String(value)} is not a number of milliseconds of at least 0`);
    }
  }
  const { signal, attributes }: { readonly signal?: unknown; readonly attributes?: unknown } = options;
  if (signal !== undefined && !isSignal(signal)) return wrong('signal', 'it is not an AbortSignal');
  if (attributes !== undefined && !isPlainObject(attributes)) {
    return wrong('attributes', 'it is not a plain object');
  }
  return undefined;
}

/** By its shape: a test runner's AbortSignal may be of another realm than ours. */
export function isSignal(value: unknown): value is AbortSignal {
  return typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value;
}

function wrong(option: string, what: string): PypoolError {
  return createError({
    code: 'invalid-options',
    message: `${option === 'all' ? 'Call options' : `Call option ${option}`}: ${what}.`,
    context: { option },
  });
}
