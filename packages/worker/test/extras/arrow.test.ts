import { spawnSync } from 'node:child_process';
import { ArrowIpc, arrowType } from '@pypool/protocol';
import * as arrow from 'apache-arrow';
import { beforeEach, describe, expect, it } from 'vitest';
import type { LoneWorker, LoneWorkerOptions } from '../../src/index.js';
import { openSegments } from '../memory-files.js';
import { leavesNothing, rejection, workerFor } from '../worker-for.js';

const python = process.env['PYPOOL_PYTHON'] ?? 'python3';
const hasPyarrow = spawnSync(python, ['-c', 'import pyarrow']).status === 0;
const whySkipped =
  process.env['PYPOOL_TEST_EXTRAS_MISSING'] ??
  'pyarrow is not installed; npm run test:extras brings it along';

leavesNothing();

describe('tables of Arrow', () => {
  beforeEach(({ skip }) => skip(!hasPyarrow, whySkipped));

  const tables = (options: Partial<LoneWorkerOptions> = {}): Promise<LoneWorker> =>
    workerFor('tables', { types: [arrowType(arrow)], ...options });

  const small = arrow.tableFromArrays({ x: Float64Array.of(1.5, -2), name: ['a', null] });

  it('arrive as pyarrow.Table, come back as Table, and are of the types that both libraries have', async () => {
    await using worker = await tables();
    expect(await worker.call('describe', [small])).toEqual({
      type: 'Table',
      schema: expect.stringContaining('x: double') as string,
      rows: [
        { x: 1.5, name: 'a' },
        { x: -2, name: null },
      ],
    });
    const [back] = await worker.call<[arrow.Table]>('same', [[small]]);
    expect([back instanceof arrow.Table, String(back)]).toEqual([true, String(small)]);
    const batch = await worker.call<arrow.Table>('batch');
    expect(batch.toArray().map((row: arrow.StructRow) => row.toJSON())).toEqual([
      { x: 1n, kind: 'a' },
      { x: 2n, kind: 'a' },
    ]);
  });

  it('arrive as bytes that can be sent back where no arrowType() is given', async () => {
    await using worker = await tables({ types: [] });
    const batch = await worker.call<ArrowIpc>('batch');
    expect(batch).toBeInstanceOf(ArrowIpc);
    expect(await worker.call('describe', [batch])).toMatchObject({
      rows: [
        { x: 1, kind: 'a' },
        { x: 2, kind: 'a' },
      ],
    });
  });

  it('that apache-arrow cannot read fail their one call', async () => {
    await using worker = await tables();
    expect(await rejection(worker.call('runs'))).toMatchObject({ code: 'unencodable', outcome: 'finished' });
    expect(await worker.call('same', ['next'])).toBe('next');
  });

  it('are items of inputs and streams', async () => {
    await using worker = await tables();
    async function* inputs(): AsyncGenerator<arrow.Table> {
      for (let first = 0; first < 3; first++) yield arrow.tableFromArrays({ x: Int32Array.of(first, 10) });
    }
    const totals = [];
    for await (const item of worker.stream<arrow.Table>('totals', [inputs()]))
      totals.push(item.get(0)!.toJSON());
    expect(totals).toEqual([{ total: 10n }, { total: 11n }, { total: 12n }]);
  });

  it.runIf(process.platform === 'linux')(
    'are views of shared memory in Python, which is not written over while they are there',
    async () => {
      await using worker = await tables({ sharedMemory: { thresholdBytes: 16 * 1024 } });
      const ofSeed = (seed: number): arrow.Table =>
        arrow.tableFromArrays({ x: new Float64Array(10_000).fill(seed) });
      let calls = 0;
      // The worker makes segments when its control thread comes to it: until then tables go through the channel.
      for (; calls < 6 || openSegments() < 2; calls++) {
        await worker.call('keep', [ofSeed(calls)]);
        const back = await worker.call<arrow.Table>('same', [ofSeed(calls)]);
        expect(back.getChild('x')!.toArray()).toEqual(new Float64Array(10_000).fill(calls));
      }
      expect(await worker.call('kept_sums')).toEqual(
        Array.from({ length: calls }, (_, seed) => 10_000 * seed),
      );
    },
  );
});
