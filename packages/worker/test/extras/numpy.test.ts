import { spawnSync } from 'node:child_process';
import { ndarray } from '@pypool/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import type { LoneWorker } from '../../src/index.js';
import { leavesNothing, rejection, workerFor } from '../worker-for.js';

const python = process.env['PYPOOL_PYTHON'] ?? 'python3';
const hasNumpy = spawnSync(python, ['-c', 'import numpy']).status === 0;
const whySkipped =
  process.env['PYPOOL_TEST_EXTRAS_MISSING'] ?? 'numpy is not installed; npm run test:extras brings it along';

leavesNothing();

describe('numpy', () => {
  beforeEach(({ skip }) => skip(!hasNumpy, whySkipped));

  const arrays = (): Promise<LoneWorker> => workerFor('arrays');

  it('receives an ndarray with its type, shape and order', async () => {
    await using worker = await arrays();
    expect(await worker.call('describe', [ndarray(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3])])).toEqual({
      type: 'ndarray',
      dtype: '<f4',
      shape: [2, 3],
      values: [
        [1, 2, 3],
        [4, 5, 6],
      ],
      writeable: true,
    });
    expect(await worker.call('describe', [ndarray(BigInt64Array.of(7n), [])])).toMatchObject({
      dtype: '<i8',
      shape: [],
      values: 7,
    });
    expect(await worker.call('describe', [ndarray(new Float64Array(), [3, 0])])).toMatchObject({
      shape: [3, 0],
      values: [[], [], []],
    });
  });

  it('receives what a typed array alone does not say', async () => {
    await using worker = await arrays();
    expect(await worker.call('describe', [ndarray(Uint8Array.of(1, 0), [2], 'b1')])).toMatchObject({
      dtype: '|b1',
      values: [true, false],
    });
    expect(await worker.call('describe', [ndarray(Uint16Array.of(0x3c00), [1], 'f2')])).toMatchObject({
      dtype: '<f2',
      values: [1],
    });
    expect(await worker.call('describe', [ndarray(new Uint8ClampedArray([255]))])).toMatchObject({
      dtype: '|u1',
      values: [255],
    });
  });

  it('may change what it received, which is its own', async () => {
    await using worker = await arrays();
    const data = Float64Array.of(1, 2);
    expect(await worker.call('double', [ndarray(data)])).toEqual(ndarray(Float64Array.of(2, 4)));
    expect(data).toEqual(Float64Array.of(1, 2));
  });

  const returned = {
    columns: ndarray(Int32Array.of(0, 2, 3, 5), [2, 2]),
    fortran: ndarray(Int32Array.of(0, 1, 2, 3, 4, 5), [2, 3]),
    'big-endian': ndarray(Int32Array.of(0, 1, 2, 3, 4, 5), [2, 3]),
    'no dimension': ndarray(Float64Array.of(1.5), []),
    empty: ndarray(new Float32Array(), [0, 3]),
    bool: ndarray(Uint8Array.of(1, 0), [2], 'b1'),
    half: ndarray(Uint16Array.of(0x3c00), [1], 'f2'),
    complex: ndarray(Float64Array.of(1, 2), [1], 'c16'),
    matrix: ndarray(Int32Array.of(0, 1, 2, 3, 4, 5), [2, 3]),
    scalars: [0.5, 2n ** 60n, true, 'a'],
  };
  it('sends data, shape and dtype, whatever the layout', async () => {
    await using worker = await arrays();
    for (const [kind, wanted] of Object.entries(returned)) {
      expect(await worker.call('make', [kind]), kind).toEqual(wanted);
    }
  });

  it('has what cannot be sent named by its path, and goes on', async () => {
    await using worker = await arrays();
    const error = await rejection(worker.call('make', ['structured']));
    expect(error).toMatchObject({
      code: 'unencodable',
      message: expect.stringContaining("result.rows[0] is a numpy array of dtype [('a', '<i4')]") as string,
    });
    expect(await worker.call('make', ['columns'])).toEqual(returned.columns);
  });

  it('streams views into one array as they were when they were sent', async () => {
    await using worker = await arrays();
    const rows = [];
    for await (const row of worker.stream('rows', [ndarray(Int32Array.of(1, 2, 3, 4), [2, 2])]))
      rows.push(row);
    expect(rows).toEqual([ndarray(Int32Array.of(2, 3)), ndarray(Int32Array.of(4, 5))]);
  });

  it('carries many megabytes both ways unchanged', async () => {
    await using worker = await arrays();
    const data = Float64Array.from({ length: 2_000_000 }, (_, index) => index);
    const { data: doubled, shape } = await worker.call<ReturnType<typeof ndarray>>('double', [
      ndarray(data, [1000, 2000]),
    ]);
    expect(shape).toEqual([1000, 2000]);
    expect(doubled.length).toBe(data.length);
    expect(data.findIndex((value, index) => doubled[index] !== 2 * value)).toBe(-1);
  });
});
