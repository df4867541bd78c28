import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { release, type LoneWorker, type LoneWorkerOptions } from '../src/index.js';
import { holdersOf, openSegments, segmentsOf } from './memory-files.js';
import { pythonsOf, untilGone } from './processes.js';
import { fixture, leavesNothing, rejection, workerFor } from './worker-for.js';

leavesNothing();

const KIB = 1024;
const MIB = 1024 * KIB;

function sharing(options: Partial<LoneWorkerOptions> = {}): Promise<LoneWorker> {
  return workerFor('move_arrays', { sharedMemory: { thresholdBytes: 16 * KIB }, ...options });
}

/** Call until this process has so many segments open: the worker makes them when its control thread comes to it. */
async function useSegments(worker: LoneWorker, bytes: number, count: number): Promise<void> {
  for (let call = 0; openSegments() < count; call++) await worker.call('copy', [numbers(bytes, call)]);
}

/** An array in which a displaced or missing page shows. */
function numbers(bytes: number, seed: number): Float64Array {
  const made = new Float64Array(bytes / 8).fill(seed);
  for (let at = 0; at < made.length; at += 500) made[at] = at + seed;
  return made;
}

describe.runIf(process.platform === 'linux')('shared memory', () => {
  it('moves arrays of all sizes there and back, and is used for large ones alone', async () => {
    await using worker = await sharing();
    for (const bytes of [0, 8, 16 * KIB - 8]) {
      expect(await worker.call('copy', [numbers(bytes, 1)])).toEqual(numbers(bytes, 1));
    }
    expect(await worker.call('segments')).toBe(0);
    let last: [Float64Array, number] | undefined;
    let [made, open] = [0, 0];
    for (let call = 0; call < 12 || made < 2 || open < 2; call++) {
      const bytes = call % 3 === 0 ? 5 * MIB : 16 * KIB + 8 * call;
      const result = await worker.call<Float64Array>('copy', [numbers(bytes, call)]);
      // Compared after the next call: memory that is used again too early would show.
      if (last !== undefined) expect(equal(last[0], numbers(last[0].byteLength, last[1]))).toBe(true);
      last = [result, call];
      // Counted as they are used: on a slow machine those that nobody needed for a while may be gone by the end.
      open = Math.max(open, openSegments());
      made = Math.max(made, await worker.call<number>('segments'));
    }
  });

  it('keeps what kind of array it was, bytes and several of them', async () => {
    await using worker = await sharing();
    // The worker makes segments when its control thread comes to it: until then arrays go through the channel.
    for (let call = 0, made = 0; call < 3 || made <= 2; call++) {
      const sent = {
        bytes: new Uint8Array(64 * KIB).fill(call),
        floats: new Float32Array(32 * KIB).fill(call),
        integers: new BigInt64Array(8 * KIB).fill(BigInt(call)),
        small: new Uint16Array([1, 2, call]),
      };
      expect(await worker.call('same', [sent])).toEqual(sent);
      made = await worker.call<number>('segments');
    }
  });

  it('writes nothing over what a handler has kept', async () => {
    await using worker = await sharing();
    for (let call = 0; call < 8; call++) await worker.call('keep', [numbers(32 * KIB, call)]);
    expect(await worker.call('what_is_kept')).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('goes on without it where what is kept has taken all that there is', async () => {
    await using worker = await sharing({ sharedMemory: { thresholdBytes: 16 * KIB, maxBytes: 128 * KIB } });
    for (let call = 0; call < 8; call++) {
      await worker.call('keep', [numbers(32 * KIB, call)]);
      const sent = numbers(40 * KIB, call);
      expect(equal(await worker.call<Float64Array>('copy', [sent]), sent)).toBe(true);
    }
    expect(await worker.call('segments')).toBeLessThanOrEqual(4);
  });

  it.each(['async', 'threads'] as const)('serves many calls at once with the engine %s', async (engine) => {
    await using worker = await sharing({ engine, concurrency: 4 });
    for (let round = 0; round < 3; round++) {
      const calls = Array.from({ length: 12 }, async (_, call) => {
        const sent = numbers(call % 4 === 0 ? 5 * MIB : 24 * KIB, call);
        const result = await worker.call<Float64Array>(call % 2 ? 'copy' : 'copy_async', [sent]);
        return equal(result, sent);
      });
      expect(await Promise.all(calls)).toEqual(calls.map(() => true));
    }
  });

  it('carries items of a stream, in their order', async () => {
    await using worker = await sharing();
    const seen: number[] = [];
    for await (const item of worker.stream<Float64Array>('produce', [numbers(32 * KIB, 1), 20])) {
      expect(item.byteLength).toBe(32 * KIB);
      expect(equal(item, new Float64Array(item.length).fill(item[0]!))).toBe(true);
      seen.push(item[0]!);
    }
    expect(seen).toEqual(Array.from({ length: 20 }, (_, number) => number));
  });

  it('has results read into those that were released, and leaves the others alone', async () => {
    await using worker = await sharing();
    const kept: [Float64Array, number][] = [];
    let released = 0;
    for (let call = 0; call < 9 || released <= 2; call++) {
      const result = await worker.call<{ first: Float64Array; second: Float64Array }>('same', [
        { first: numbers(MIB, call), second: numbers(MIB, -call) },
      ]);
      if (call % 3 === 0) kept.push([result.first, call], [result.second, -call]);
      else if (call % 3 === 1) released += Number(release(result.first)) + Number(release(result.second));
      else if (release(result.first)) kept.push([result.second, -call]);
    }
    for (const [values, seed] of kept) expect(equal(values, numbers(MIB, seed))).toBe(true);
  });

  it('is given back when it was not used for a while, and had again', async () => {
    // Before the first segment: its timer is the one that finds what is idle. No heartbeat takes the leap for silence.
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    try {
      const before = openSegments();
      await using worker = await sharing({ heartbeatIntervalMs: 0 });
      for (let round = 0; round < 2; round++) {
        await useSegments(worker, MIB, before + 2);
        do vi.advanceTimersByTime(30_000);
        while ((await worker.call<number>('segments')) > 0 || openSegments() > before);
        expect(segmentsOf(worker.pid)).toEqual([]);
      }
    } finally {
      vi.useRealTimers();
    }
  });

  it.each([
    ['by its own code', (worker: LoneWorker) => worker.call('die', [numbers(8 * MIB, 1)])],
    [
      'by SIGKILL in the midst of a call',
      (worker: LoneWorker) => {
        const call = worker.call('copy', [numbers(8 * MIB, 1)]);
        process.kill(worker.pid, 'SIGKILL');
        return call;
      },
    ],
  ])('is gone with a worker that ends %s, and its calls know what became of them', async (_, end) => {
    const before = openSegments();
    const worker = await sharing();
    await useSegments(worker, 8 * MIB, before + 2);
    const segments = segmentsOf(worker.pid);
    expect(await rejection(end(worker))).toMatchObject({ code: 'worker-exited', outcome: 'unknown' });
    await worker.close();
    expect(openSegments()).toBe(before);
    expect(holdersOf(segments)).toEqual([]);
  });

  it('leaves nothing behind when Node is killed while it is in use', async () => {
    const program = fileURLToPath(new URL('fixtures/hosts/move_arrays_on.ts', import.meta.url));
    const host = spawn(
      process.execPath,
      ['--import', 'tsx', '--conditions=@pypool/source', program, fixture('move_arrays.py')],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [line] = (await once(createInterface({ input: host.stdout }), 'line')) as [string];
    const worker = Number(line);
    const pythons = pythonsOf(host.pid!);
    expect(pythons).toContain(worker);
    const inUse = (): number[] => {
      const segments = segmentsOf(worker);
      expect(segments.length).toBeGreaterThanOrEqual(2);
      expect(new Set(holdersOf(segments))).toEqual(new Set([host.pid!, worker]));
      return segments;
    };
    const segments = await vi.waitFor(inUse, { timeout: 30_000 });
    host.kill('SIGKILL');
    await once(host, 'exit');
    await untilGone(pythons);
    // They have no name that could outlive who has them open or mapped: what nobody holds is free memory again.
    expect(holdersOf(segments)).toEqual([]);
  });

  it('is not used unless it is asked for', async () => {
    await using worker = await workerFor('move_arrays');
    for (let call = 0; call < 3; call++) await worker.call('copy', [numbers(2 * MIB, call)]);
    expect(await worker.call('segments')).toBe(0);
  });

  it('fails one call whose arguments are over the limits, and no other', async () => {
    await using worker = await sharing({ limits: { maxBufferBytes: MIB } });
    for (let call = 0; call < 3; call++) await worker.call('copy', [numbers(MIB, call)]);
    expect((await rejection(worker.call('copy', [numbers(2 * MIB, 1)]))).code).toBe('frame-too-large');
    expect((await rejection(worker.call('make', [MIB]))).code).toBe('frame-too-large');
    const sent = numbers(MIB, 9);
    expect(equal(await worker.call<Float64Array>('copy', [sent]), sent)).toBe(true);
  });
});

function equal(a: Float64Array, b: Float64Array): boolean {
  const [left, right] = [a, b].map((each) => new Uint8Array(each.buffer, each.byteOffset, each.byteLength));
  return Buffer.compare(left!, right!) === 0;
}
