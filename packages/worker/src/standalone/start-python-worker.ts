import { checkOptions, createError, isPypoolError, type PypoolError } from '@pypool/protocol';
import { z } from 'zod';
import { pythonWorkersSchema, type PythonWorkersOptions } from '../options.js';
import { createPythonWorkers } from '../python-workers.js';
import { isSignal } from './call-options.js';
import type { LoneWorker } from './lone-worker.js';
import { StandaloneWorker } from './standalone-worker.js';
import { StartPatience } from './start-patience.js';

/** How a lone worker is made: what any Python workers are made of, and how it starts. */
export interface LoneWorkerOptions extends PythonWorkersOptions {
  /** What to call it in errors, events and the prefix of its output. @defaultValue `'python'` */
  readonly name?: string;
  /** Budget of the start: process, import and start hooks. 0: gives up at once. `Infinity`: none. @defaultValue `120_000` */
  readonly startTimeoutMs?: number;
  /** Gives up the start. Of no meaning once it has started. */
  readonly signal?: AbortSignal;
}

const schema = z.strictObject({
  ...pythonWorkersSchema.shape,
  name: z.string().min(1).optional(),
  startTimeoutMs: z.number().min(0).or(z.literal(Infinity)).optional(),
  signal: z.custom<AbortSignal>(isSignal, 'expected an AbortSignal').optional(),
});

/** What some of them are called elsewhere. */
const OTHER_NAMES = {
  timeoutMs: 'startTimeoutMs',
  path: 'module',
  file: 'module',
  script: 'module',
  pythonPath: 'python',
  interpreter: 'python',
  environment: 'env',
  id: 'name',
};

/**
 * Start one Python worker for those who want no pool, and wait until it takes calls.
 *
 * @throws PypoolError always as a rejection, with nothing left of the attempt: `invalid-options`, `unsupported-platform`, `start-failed` with
 *   Python's traceback, `start-timeout`, `aborted`.
 */
export async function startPythonWorker(options: LoneWorkerOptions): Promise<LoneWorker> {
  const { name: workerId = 'python', startTimeoutMs = 120_000, signal, ...forWorkers } = options;
  checkOptions('startPythonWorker()', schema, options, OTHER_NAMES);
  const workers = createPythonWorkers(forWorkers);
  const worker = new StandaloneWorker(workerId, workers);
  const patience = new StartPatience({ workerId, startTimeoutMs, signal });
  try {
    const request = { workerId, poolName: workerId, slot: 0 };
    worker.attach(await workers.start(request, worker, patience.signal));
    return worker;
  } catch (error) {
    await workers.close().catch(() => undefined); // why it did not start is what counts
    throw isPypoolError(error) ? error : startBroke(workerId, error);
  } finally {
    patience.end();
  }
}

/** A launcher or transport of somebody else's threw something of its own. */
function startBroke(workerId: string, cause: unknown): PypoolError {
  return createError({
    code: 'start-failed',
    message: `Worker ${workerId} could not start: ${cause instanceof Error ? cause.message : String(cause)}`,
    context: { workerId },
    cause,
  });
}
