import { createPythonPool, type PythonPool } from 'pypool';

import { programFile } from '../../machine/python.js';
import type { RunningSubject, Subject } from '../subject.js';

/** A function of the program, one call of it, and what is to be seen in its result. */
export interface Work {
  readonly name: string;
  readonly argument: (id: number) => unknown;
  readonly isRight: (result: unknown, id: number) => boolean;
}

/** A subject whose calls are measured in processor time of its worker, and which notes how long they took. */
export interface BatchSubject extends Subject {
  /** Microseconds for one call, of each block. */
  readonly took: readonly number[];
}

/** One worker that runs `callers` calls at once, with a function that is given them one by one or in batches. */
export function batchPypool(
  work: Work,
  how: 'alone' | 'in_batches',
  callers: number,
  python: string,
  name: string,
): BatchSubject {
  const took: number[] = [];
  return {
    name,
    took,
    async start(): Promise<RunningSubject> {
      const pool = await poolOf(callers, python);
      const call = (id: number): Promise<unknown> => pool.call(`${work.name}_${how}`, [work.argument(id)]);
      const used = (): Promise<number> => pool.call<number>('processor_seconds');
      return {
        async calls(count) {
          let made = 0;
          const caller = async (): Promise<void> => {
            while (made < count) {
              const id = (made += 1);
              const result = await call(id);
              if (!work.isRight(result, id)) throw new Error(`${name}: call ${id} has the wrong result.`);
            }
          };
          const [usedBefore, before] = [await used(), performance.now()];
          await Promise.all(Array.from({ length: callers }, caller));
          took.push(((performance.now() - before) * 1000) / count);
          return [(((await used()) - usedBefore) * 1e6) / count];
        },
        close: () => pool.close({ timeoutMs: 3_000 }),
      };
    },
  };
}

function poolOf(concurrency: number, python: string): Promise<PythonPool> {
  return createPythonPool({
    module: programFile('batches.py'),
    python,
    size: 1,
    overflow: 0,
    engine: 'threads',
    concurrency,
    // One core for the worker: threads of the library's own would only compete for it.
    env: { set: { OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1', OMP_NUM_THREADS: '1' } },
  });
}
