import { resolve } from 'node:path';
import {
  checkOptions,
  createError,
  DEFAULT_LIMITS,
  implementing,
  type FrameLimits,
  type PypoolError,
  type ValueType,
} from '@pypool/protocol';
import type { Transport } from '@pypool/transport';
import { z } from 'zod';
import { DEFAULT_GRACES, type CancelGraces } from './calls/cancel-ladder.js';
import type { EnvOption } from './environment.js';
import type { LauncherOption } from './choose-launcher.js';
import type { ModuleOption } from './modules.js';
import type { SharedMemoryLimits } from './shared-memory/segments.js';
import { rlimitsSchema, type RlimitsOption } from './rlimits.js';

/** How important a record of Python's `logging` has to be to be sent, as Python's numbers; `null`: none is. */
export const LOG_LEVELS = Object.freeze({
  debug: 10,
  info: 20,
  warning: 30,
  error: 40,
  critical: 50,
  off: null,
});

/** {@link LOG_LEVELS} by name. */
export type LogLevel = keyof typeof LOG_LEVELS;

/** How a worker runs its calls, and how many of them at once unless told otherwise. */
export const ENGINES = Object.freeze({ sync: 1, async: 64, threads: 8 });

/** {@link ENGINES} by name. */
export type Engine = keyof typeof ENGINES;

/** What a function of the slot is told. */
export interface SlotFacts {
  /** The smallest integer that no other live worker of the pool has. */
  readonly slot: number;
}

/** How Python workers are made. Durations are milliseconds, sizes bytes. */
export interface PythonWorkersOptions {
  /** What they serve: a path (relative to `cwd`), a `file:` URL, a dotted module name, or several of these by the prefix of their names. */
  readonly module: ModuleOption;
  /** Names to serve of modules that hold no `@expose`, for those that one may not edit. @defaultValue what is decorated */
  readonly expose?: readonly string[];
  /** Interpreter: a file, the folder of a virtual environment, or a name in PATH. @defaultValue what `findPython()` finds from the module upward */
  readonly python?: string;
  /** Environment beyond the allow-list, for all workers or by slot. @defaultValue `{}` */
  readonly env?: EnvOption | ((facts: SlotFacts) => EnvOption);
  /**
   * How a worker runs its calls: `'sync'`, one at a time on the main thread of Python; `'async'`, many at once on one event loop, for `async def`; `'threads'`,
   * many at once on threads, for code that waits for I/O or where Python has no GIL.
   *
   * @defaultValue `'sync'`
   */
  readonly engine?: Engine;
  /** Calls that one worker runs at once: 1 with `'sync'`, at least 1 and finite with the others. @defaultValue 1, 64 with `'async'`, 8 with `'threads'` */
  readonly concurrency?: number;
  /** Working directory of the workers. @defaultValue `process.cwd()` */
  readonly cwd?: string;
  /**
   * Threads that each library in native code may start in each worker (OMP, OpenBLAS, MKL, numexpr, vecLib, Rayon), by their environment
   * variables; what `env` says of these wins. Not those of the engine `threads`: they are `concurrency`. `false`: no limit is set, and each starts as a rule
   * one for each core. At least 1. Finite.
   *
   * @defaultValue `1`: a pool is parallel by its processes, and several of these with a thread for each core are slower than one
   */
  readonly threads?: number | false;
  /**
   * User that each worker runs as, by number, from before Python begins: it has to be able to read the interpreter, pypool's runtime and the modules. Needs
   * `gid` beside it, or else workers would keep this process's group. HOME, USER and LOGNAME are then inherited only where `env` says so. Takes a Node that runs as root, or
   * has CAP_SETUID, CAP_SETGID and CAP_KILL; otherwise no worker starts.
   *
   * @defaultValue this process's
   */
  readonly uid?: number;
  /** Group that each worker runs as, by number; supplementary groups are dropped. @defaultValue this process's */
  readonly gid?: number;
  /**
   * Limits of the kernel for each worker, from before the import of `module` on, or from the fork on where it was imported before that:
   * `{ nofile: 256, core: 0 }`.
   *
   * @defaultValue those of this process
   */
  readonly rlimits?: RlimitsOption;
  /**
   * What brings processes into being: `'spawn'`, each by itself; `'fork'`, from one process that imports the modules once, and starts fail where that is
   * unsafe; `'auto'`, `'fork'` where that is safe and what is imported once is what each would import, `'spawn'` where not; or a launcher, which is closed
   * with the workers.
   *
   * @defaultValue `'spawn'`
   */
  readonly launcher?: LauncherOption;
  /** How bytes reach them. Closed with the workers. @defaultValue `pipeTransport()`; `socketTransport()` with a launcher whose processes dial in */
  readonly transport?: Transport;
  /** Largest frame, in both directions: `maxFrameBytes` for JSON, `maxBufferBytes` for bytes and arrays. @defaultValue 64 MiB and 1 GiB */
  readonly limits?: Partial<FrameLimits>;
  /**
   * What becomes of Python's integers: `auto`, a `number` where that is exact and a `bigint` beyond 2^53 - 1; `bigint`, always a `bigint`; `error`,
   * `unencodable` beyond 2^53 - 1.
   *
   * @defaultValue `'auto'`
   */
  readonly integers?: 'auto' | 'bigint' | 'error';
  /** What becomes of a result that cannot be encoded: an error, or a marker in its place that names its type. @defaultValue `'error'` */
  readonly unencodable?: 'error' | 'marker';
  /** Types of the application's own, registered in Python by the same name. @defaultValue none */
  readonly types?: readonly ValueType[];
  /** How often each worker is asked whether it is there; one that does not answer is reported. 0 or `Infinity`: never. @defaultValue `5_000` */
  readonly heartbeatIntervalMs?: number;
  /**
   * How long a worker may leave heartbeats unanswered that does nothing, before it is ended: its process is stopped (`SIGSTOP`, a debugger), whatever calls it
   * has; or it has none, and a thread holds its interpreter. One that runs a call is never ended for its silence. Looked at with each heartbeat. 0: at the first look at
   * one that is stopped, at the third at one that has no call.
   * `Infinity`: never.
   *
   * @defaultValue `10_000`
   */
  readonly unresponsiveTimeoutMs?: number;
  /** Longest line of captured output; longer ones are cut. At least 80. Finite. @defaultValue `16_384` */
  readonly maxLineBytes?: number;
  /**
   * How long a call that is ended before its time may take to end: after it was interrupted, after `SIGINT`, after `SIGTERM`; then its process
   * is killed. `neighboursMs`: how long calls that run beside it may take before the first signal. 0: no time. `Infinity`: it is not ended any harder.
   *
   * @defaultValue 2 s, 500 ms, 500 ms; 5 s for neighbours
   */
  readonly cancelGraces?: Partial<CancelGraces>;
  /** Interrupted calls after which a pool replaces the worker by a fresh one, in the background. 0: the first is enough. `Infinity`: never. @defaultValue `16` */
  readonly maxInterrupts?: number;
  /**
   * The least important records of Python's `logging` that are sent. Python's own levels come first: unless configured otherwise it makes nothing
   * below a warning. Warnings of `warnings` count as `'warning'`. `'off'`: Python does with all of them what it does without pypool.
   *
   * @defaultValue `'info'`
   */
  readonly logLevel?: LogLevel;
  /**
   * Whether each worker tells what its functions want and give: parameters, type hints, docstrings, in `functions` of the worker. It takes some milliseconds
   * of each start.
   *
   * @defaultValue `false`
   */
  readonly signatures?: boolean;
  /**
   * Whether large bytes and arrays pass through memory that this process shares with each worker, rather than through its channels; `true` for all
   * defaults. `thresholdBytes`: from which size on (0: every one). `maxBytes`: all that is shared with one worker; beyond it, and where the
   * machine has less to give, they go through the channel. It is made when there is something to put into it, and given back after 10 s
   * without. On Linux, with workers in this process's namespace of processes.
   *
   * Over TCP, where workers may be on other machines, it is `invalid-options`.
   *
   * @defaultValue `false`; of `true`, 256 KiB and 512 MiB
   */
  readonly sharedMemory?: boolean | Partial<SharedMemoryLimits>;
}

/** {@link PythonWorkersOptions} with what has a constant default filled in. */
export type ResolvedPythonWorkersOptions = Omit<
  PythonWorkersOptions,
  'limits' | 'cancelGraces' | 'sharedMemory'
> & {
  readonly limits: FrameLimits;
  readonly cwd: string;
  readonly engine: Engine;
  readonly concurrency: number;
  readonly threads: number | false;
  readonly rlimits: RlimitsOption;
  readonly integers: 'auto' | 'bigint' | 'error';
  readonly unencodable: 'error' | 'marker';
  readonly types: readonly ValueType[];
  readonly heartbeatIntervalMs: number;
  readonly unresponsiveTimeoutMs: number;
  readonly maxLineBytes: number;
  readonly cancelGraces: CancelGraces;
  readonly maxInterrupts: number;
  readonly logLevel: LogLevel;
  readonly signatures: boolean;
  readonly sharedMemory: SharedMemoryLimits | undefined;
};

const source = z.union([z.string().min(1), z.instanceof(URL)]);
const anObject = z.custom<object>(
  (value) => typeof value === 'object' && value !== null,
  'expected an object',
);
const [isLauncher, launcherExpected] = implementing('launch', 'close');
const bytes = z.int().positive();
// The last one, (uid_t) -1, is the kernel's word for "no change".
const userId = z
  .int()
  .min(0)
  .max(2 ** 32 - 2);
const milliseconds = z.number().min(0).or(z.literal(Infinity));

/** What checks {@link PythonWorkersOptions}. */
export const pythonWorkersSchema = z.strictObject({
  module: z.union([source, z.record(z.string(), source)], {
    error: 'expected a path, a URL, a dotted name, or a record of these',
  }),
  expose: z.array(z.string().min(1)).optional(),
  python: z.string().min(1).optional(),
  env: z
    .union([anObject, z.custom((value) => typeof value === 'function', 'expected a function of the slot')])
    .optional(),
  engine: z.enum(['sync', 'async', 'threads']).optional(),
  concurrency: z.int().positive().optional(),
  cwd: z.string().min(1).optional(),
  threads: z
    .union([z.int().min(1), z.literal(false)], { error: 'expected a whole number of at least 1, or false' })
    .optional(),
  rlimits: rlimitsSchema.optional(),
  uid: userId.optional(),
  gid: userId.optional(),
  launcher: z
    .union([z.enum(['spawn', 'fork', 'auto']), z.custom(isLauncher)], {
      error: `expected 'spawn', 'fork', 'auto', or ${launcherExpected}`,
    })
    .optional(),
  transport: z.custom(...implementing('offer', 'close')).optional(),
  limits: z.strictObject({ maxFrameBytes: bytes.optional(), maxBufferBytes: bytes.optional() }).optional(),
  integers: z.enum(['auto', 'bigint', 'error']).optional(),
  unencodable: z.enum(['error', 'marker']).optional(),
  types: z.array(anObject).optional(),
  heartbeatIntervalMs: milliseconds.optional(),
  unresponsiveTimeoutMs: milliseconds.optional(),
  maxLineBytes: z.int().min(80).optional(),
  cancelGraces: z
    .strictObject({
      interruptMs: milliseconds.optional(),
      sigintMs: milliseconds.optional(),
      sigtermMs: milliseconds.optional(),
      neighboursMs: milliseconds.optional(),
    })
    .optional(),
  maxInterrupts: z.int().min(0).or(z.literal(Infinity)).optional(),
  logLevel: z.enum(['debug', 'info', 'warning', 'error', 'critical', 'off']).optional(),
  signatures: z.boolean().optional(),
  sharedMemory: z
    .union(
      [
        z.boolean(),
        z.strictObject({ thresholdBytes: z.int().min(0).optional(), maxBytes: bytes.optional() }),
      ],
      { error: 'expected true, false, or { thresholdBytes, maxBytes }' },
    )
    .optional(),
} satisfies Record<keyof PythonWorkersOptions, z.ZodType>);

/**
 * Check options and fill in what was left out.
 *
 * @throws PypoolError `invalid-options` that names every wrong or unknown one.
 */
export function resolvePythonWorkersOptions(options: PythonWorkersOptions): ResolvedPythonWorkersOptions {
  checkOptions('the Python workers', pythonWorkersSchema, options);
  const { engine = 'sync', concurrency = ENGINES[engine] } = options;
  if (engine === 'sync' && concurrency > 1) throw oneAtATime(concurrency);
  if (options.uid !== undefined && options.gid === undefined) throw groupKept(options.uid);
  return Object.freeze({
    ...options,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    cwd: resolve(options.cwd ?? '.'),
    engine,
    concurrency,
    threads: options.threads ?? 1,
    rlimits: options.rlimits ?? {},
    integers: options.integers ?? 'auto',
    unencodable: options.unencodable ?? 'error',
    types: options.types ?? [],
    heartbeatIntervalMs: options.heartbeatIntervalMs ?? 5_000,
    unresponsiveTimeoutMs: options.unresponsiveTimeoutMs ?? 10_000,
    maxLineBytes: options.maxLineBytes ?? 16_384,
    cancelGraces: resolveGraces(options.cancelGraces),
    maxInterrupts: options.maxInterrupts ?? 16,
    logLevel: options.logLevel ?? 'info',
    signatures: options.signatures ?? false,
    sharedMemory: resolveSharedMemory(options.sharedMemory),
  });
}

function oneAtATime(concurrency: number): PypoolError {
  return createError({
    code: 'invalid-options',
    message: `Invalid options of the Python workers: concurrency: ${concurrency} calls at once need another engine than 'sync', which runs one: engine: 'async' for handlers that are async def, engine: 'threads' for those that wait for I/O. For more calls side by side in 'sync', raise size.`,
    context: { option: 'concurrency', concurrency, engine: 'sync' },
  });
}

function groupKept(uid: number): PypoolError {
  return createError({
    code: 'invalid-options',
    message: `Invalid options of the Python workers: gid: uid ${uid} needs it beside it, or else workers would keep the group of this process.`,
    context: { option: 'gid', uid },
  });
}

function resolveSharedMemory(
  given: PythonWorkersOptions['sharedMemory'] = false,
): SharedMemoryLimits | undefined {
  if (given === false) return undefined;
  const { thresholdBytes = 256 * 1024, maxBytes = 512 * 1024 ** 2 } = given === true ? {} : given;
  return { thresholdBytes, maxBytes };
}

function resolveGraces(given: Partial<CancelGraces> = {}): CancelGraces {
  return {
    interruptMs: given.interruptMs ?? DEFAULT_GRACES.interruptMs,
    sigintMs: given.sigintMs ?? DEFAULT_GRACES.sigintMs,
    sigtermMs: given.sigtermMs ?? DEFAULT_GRACES.sigtermMs,
    neighboursMs: given.neighboursMs ?? DEFAULT_GRACES.neighboursMs,
  };
}
