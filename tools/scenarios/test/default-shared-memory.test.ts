import { readdirSync, readlinkSync } from 'node:fs';
import { createPythonPool, socketTransport, type PythonPool, type PythonPoolOptions } from 'pypool';
import { describe, expect, it } from 'vitest';
import { optionsFor } from '../src/pool-for.js';

const BYTES = 512 * 1024;

/** A pool for which nobody has said how its workers are reached, or started. */
function poolWith(given: Partial<PythonPoolOptions> = {}): Promise<PythonPool> {
  const {
    launcher: _,
    transport: __,
    sharedMemory: ___,
    ...options
  } = optionsFor('echo', {
    size: 1,
    minReady: 1,
  });
  return createPythonPool({ ...options, ...given });
}

/** The segments of shared memory that this process has open. */
function openSegments(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).includes('memfd:pypool');
    } catch {
      return false; // that of the folder itself, closed by now
    }
  }).length;
}

async function echo(pool: PythonPool, seed: number): Promise<void> {
  const sent = new Uint8Array(BYTES).fill(seed);
  expect(Buffer.compare(await pool.call<Uint8Array>('echo', [sent]), sent)).toBe(0);
}

describe.runIf(process.platform === 'linux')('without the option sharedMemory, arrays', () => {
  it('pass through it, and nothing of it is left when the pool is closed', async () => {
    await using pool = await poolWith();
    // The first go through the channel, until the worker has made a segment for each way.
    for (let call = 0; openSegments() < 2; call += 1) await echo(pool, call % 251);
    await echo(pool, 252);
    await pool.close();
    expect(openSegments()).toBe(0);
  });

  it.each<[string, () => Partial<PythonPoolOptions>]>([
    ['it is switched off', () => ({ sharedMemory: false })],
    [
      'workers may be on other machines',
      () => ({ transport: socketTransport({ tcp: { host: '127.0.0.1' } }) }),
    ],
  ])('go through the channel where %s', async (_, given) => {
    await using pool = await poolWith(given());
    for (let call = 0; call < 5; call += 1) await echo(pool, call);
    expect(openSegments()).toBe(0);
  });
});

it.each([
  ['the channel', 64],
  ['shared memory, where there is any', BYTES],
])('a result lies in memory of its caller, whether it comes through %s', async (_, bytes) => {
  await using pool = await poolWith();
  const into = new Uint16Array(BYTES);
  for (let call = 0; call < 5; call += 1) {
    const sent = new Uint8Array(bytes).fill(call + 1);
    const result = await pool.call<Uint8Array>('echo', [sent], { into });
    expect(result.buffer === into.buffer).toBe(true);
    expect(Buffer.compare(result, sent)).toBe(0);
  }
  const left = into.slice();
  const signal = AbortSignal.timeout(20);
  const aborted = pool.call('nap', [600, new Uint8Array(bytes)], { into, signal });
  await expect(aborted).rejects.toMatchObject({ code: 'aborted' });
  await echo(pool, 9);
  expect(into.every((one, at) => one === left[at])).toBe(true);
});
