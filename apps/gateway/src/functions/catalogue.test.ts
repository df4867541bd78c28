import type { ExposedFunction } from '@pypool/protocol';
import type { PythonWorkers } from '@pypool/worker';
import { describe, expect, it } from 'vitest';
import { Catalogue } from './catalogue.js';

const REQUEST = { workerId: 'pool-0.1', poolName: 'pool', slot: 0, generation: 0 };
const OBSERVER = { onLate: () => {}, onUnavailable: () => {}, onWorn: () => {}, onExit: () => {} };
const PLAIN: ExposedFunction = {
  name: 'plain',
  stream: false,
  async: false,
  idempotent: false,
  timeoutSeconds: null,
  concurrency: null,
  cancel: 'interrupt',
};

/** Workers that serve one function, and the end of each, which comes a turn after it was asked for. */
function workersThatServe(told: ExposedFunction) {
  const ends: string[] = [];
  const worker = {
    functions: [told],
    kill: async () => {
      await new Promise(setImmediate);
      ends.push(told.name);
    },
  };
  const workers = { concurrency: 1, start: async () => worker, close: async () => {} };
  return { ends, workers: workers as unknown as PythonWorkers };
}

describe('Catalogue', () => {
  const start = (catalogue: Catalogue, workers: PythonWorkers) =>
    catalogue.watching(workers).start(REQUEST, OBSERVER, new AbortController().signal);

  it('learns what a worker serves, and hands it on', async () => {
    const catalogue = new Catalogue();
    const { ends, workers } = workersThatServe(PLAIN);
    await start(catalogue, workers);
    expect([...catalogue.functions.keys()]).toEqual(['plain']);
    expect(ends).toEqual([]);
  });

  it('ends a worker that it cannot learn from before its start fails, and learns from the next', async () => {
    const catalogue = new Catalogue();
    // JSON has no form for it. A Python of ours does not tell it.
    const limit = {
      name: 'n',
      kind: 'either',
      required: false,
      hint: null,
      schema: {},
      default: 2n ** 53n,
    } as const;
    const { ends, workers } = workersThatServe({
      ...PLAIN,
      name: 'odd',
      signature: { doc: null, parameters: [limit], returns: null },
    });
    await expect(start(catalogue, workers)).rejects.toThrow('BigInt');
    expect(ends).toEqual(['odd']);
    expect(catalogue.known).toBe(false);
    await start(catalogue, workersThatServe(PLAIN).workers);
    expect([...catalogue.functions.keys()]).toEqual(['plain']);
  });
});
