import { createError, isPypoolError } from '@pypool/protocol';
import { createPythonWorkers, type PythonWorker, type PythonWorkers } from '@pypool/worker';

/** What a pool would make of a module. Durations are milliseconds. */
export interface Diagnosis {
  readonly node: { readonly version: string; readonly platform: string };
  readonly module: string;
  /** `undefined` where none was found. */
  readonly python?: { readonly path: string; readonly foundBy: string; readonly version?: string };
  readonly functions?: readonly ServedFunction[];
  readonly starts?: Starts;
  /** Why the module cannot be served. */
  readonly error?: { readonly code: string; readonly message: string };
}

/** A function that can be called. */
export interface ServedFunction {
  readonly name: string;
  readonly stream: boolean;
}

/** How workers come into being. */
export interface Starts {
  /** From one process that has imported the module; otherwise each imports it by itself. */
  readonly forked: boolean;
  /** What stands against forking, for code: `"native-threads"` and the like. */
  readonly reasons: readonly string[];
  /** The same for people, with what to do about it. */
  readonly why?: string;
  /** Until the first was ready, the import included. */
  readonly firstMs: number;
  /** Until one more was. */
  readonly nextMs: number;
}

/** The budget of a pool's starts, unless it says otherwise. */
const START_TIMEOUT_MS = 120_000;
const CLOSE_TIMEOUT_MS = 5_000;

/** Start two workers of a module as the preset does, end them, and tell how that went. Never rejects. */
export async function examine({
  module,
  python,
}: {
  readonly module: string;
  readonly python?: string | undefined;
}): Promise<Diagnosis> {
  const about = {
    node: { version: process.versions.node, platform: `${process.platform} ${process.arch}` },
    module,
  };
  let workers: PythonWorkers;
  try {
    workers = createPythonWorkers({
      module,
      ...(python !== undefined && { python }),
      launcher: 'auto',
      threads: 1,
      sharedMemory: true,
    });
  } catch (error) {
    return { ...about, error: errorOf(error) };
  }
  const started: PythonWorker[] = [];
  try {
    let fallback: { readonly reasons: readonly string[]; readonly message: string } | undefined;
    workers.on('launcher-fallback', (found) => (fallback = found));
    const firstMs = await start(workers, started);
    const nextMs = await start(workers, started);
    const [first] = started;
    return {
      ...about,
      python: { ...workers.python, version: String(first!.facts['python']) },
      functions: first!.functions.map(({ name, stream }) => ({ name, stream })),
      starts: {
        forked: fallback === undefined,
        reasons: fallback?.reasons ?? [],
        ...(fallback !== undefined && { why: fallback.message }),
        firstMs,
        nextMs,
      },
    };
  } catch (error) {
    return { ...about, python: workers.python, error: errorOf(error) };
  } finally {
    await Promise.all(started.map((worker) => worker.close({ timeoutMs: CLOSE_TIMEOUT_MS })));
    await workers.close();
  }
}

/** @returns how long it took */
async function start(workers: PythonWorkers, started: PythonWorker[]): Promise<number> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(startTimedOut()), START_TIMEOUT_MS);
  const began = performance.now();
  const slot = started.length;
  try {
    const request = { workerId: `doctor-${slot}`, poolName: 'doctor', slot, generation: 0 };
    started.push(await workers.start(request, UNHEARD, late.signal));
    return Math.round(performance.now() - began);
  } finally {
    clearTimeout(timer);
  }
}

/** What becomes of a worker that serves nobody is no news. */
const UNHEARD = {
  onLate: () => undefined,
  onUnavailable: () => undefined,
  onWorn: () => undefined,
  onExit: () => undefined,
};

function startTimedOut(): Error {
  return createError({
    code: 'start-timeout',
    message: `The worker was not ready within ${START_TIMEOUT_MS / 1_000} s, which is what a pool gives it unless told otherwise (startTimeoutMs).`,
  });
}

function errorOf(error: unknown): { code: string; message: string } {
  if (isPypoolError(error)) return { code: error.code, message: error.message };
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) };
}
