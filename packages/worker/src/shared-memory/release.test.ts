import { ndarray } from '@pypool/protocol';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { release } from './release.js';
import { ResultMemory } from './result-memory.js';

const KIB = 1024;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Memory with a content that no other has. */
function filled(memory: ResultMemory, bytes: number, seed: number): Uint8Array {
  return memory.take(bytes).fill(seed);
}

/** Whether memory is what was given back with that content. */
function isThatOf(bytes: Uint8Array, seed: number): boolean {
  return bytes.byteLength > 0 && bytes.every((byte) => byte === seed);
}

it('has the next result of the same size read into what was given back, which shows nowhere else', () => {
  const memory = new ResultMemory(64 * KIB);
  const first = filled(memory, 8 * KIB, 201);
  const floats = new Float64Array(first.buffer);
  expect(release(floats)).toBe(true);
  expect([first.byteLength, floats.length, first.buffer.byteLength]).toEqual([0, 0, 0]);

  const second = memory.take(8 * KIB);
  expect(isThatOf(second, 201)).toBe(true);
  second.fill(202);
  filled(memory, 8 * KIB, 203);
  expect(isThatOf(second, 202)).toBe(true);
  expect(release(second)).toBe(true);
  expect(isThatOf(memory.take(8 * KIB), 202)).toBe(true);
});

it('gives results of another size memory of their own', () => {
  const memory = new ResultMemory(64 * KIB);
  release(filled(memory, 8 * KIB, 201));
  for (const bytes of [4 * KIB, 8 * KIB - 8, 16 * KIB]) {
    expect(memory.take(bytes).buffer.byteLength).toBe(bytes);
  }
  expect(isThatOf(memory.take(8 * KIB), 201)).toBe(true);
});

it('takes arrays of numpy, whole buffers and parts of arrays', () => {
  const memory = new ResultMemory(64 * KIB);
  const [matrix, buffer, part] = [1, 2, 3].map((seed) => filled(memory, 8 * KIB, seed)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  expect(release(ndarray(matrix, [8, KIB]))).toBe(true);
  expect(release(buffer.buffer)).toBe(true);
  expect(release(part.subarray(8, 16))).toBe(true);
  expect([matrix, buffer, part].map(({ byteLength }) => byteLength)).toEqual([0, 0, 0]);
});

it('says where there was nothing to give back', () => {
  const memory = new ResultMemory(64 * KIB);
  const own = new Uint8Array(8);
  expect(release(own)).toBe(false);
  expect(own.byteLength).toBe(8);
  expect(release(new SharedArrayBuffer(8))).toBe(false);
  const twice = filled(memory, KIB, 1);
  expect([release(twice), release(twice)]).toEqual([true, false]);
  const transferred = filled(memory, KIB, 2);
  const elsewhere = structuredClone(transferred, { transfer: [transferred.buffer as ArrayBuffer] });
  expect([release(transferred), release(elsewhere)]).toEqual([false, false]);
  expect(isThatOf(elsewhere, 2)).toBe(true);
});

it.each([[7], [null], [[new Uint8Array(8)]], [{ data: 'text' }]])('refuses %j', (given) => {
  expect(() => release(given as never)).toThrow(
    expect.objectContaining({ code: 'invalid-arguments' }) as Error,
  );
});

it('keeps no more than it may, and frees what was given back first', () => {
  const memory = new ResultMemory(16 * KIB);
  const given = [201, 202, 203].map((seed) => filled(memory, 8 * KIB, seed));
  for (const each of given) expect(release(each)).toBe(true);
  expect(memory.freeBytes).toBe(16 * KIB);
  expect([203, 202].map((seed) => isThatOf(memory.take(8 * KIB), seed))).toEqual([true, true]);
  const large = filled(memory, 17 * KIB, 204);
  expect(release(large)).toBe(true);
  expect([large.byteLength, memory.freeBytes]).toEqual([0, 0]);
});

it('frees what nobody used for a while, and stands still until something is given back', () => {
  const memory = new ResultMemory(64 * KIB);
  const [early, late] = [filled(memory, 8 * KIB, 201), filled(memory, 4 * KIB, 202)];
  release(early);
  vi.advanceTimersByTime(9_000);
  release(late);
  expect([vi.getTimerCount(), memory.freeBytes]).toEqual([1, 12 * KIB]);
  vi.advanceTimersByTime(2_000);
  expect(memory.freeBytes).toBe(4 * KIB);
  expect(isThatOf(memory.take(4 * KIB), 202)).toBe(true);
  vi.advanceTimersByTime(10_000);
  expect(vi.getTimerCount()).toBe(0);
});

it('keeps nothing once it is closed', () => {
  const memory = new ResultMemory(64 * KIB);
  const [before, after] = [filled(memory, 8 * KIB, 201), filled(memory, 8 * KIB, 202)];
  release(before);
  memory.close();
  expect(release(after)).toBe(true);
  expect([vi.getTimerCount(), memory.freeBytes, after.byteLength]).toEqual([0, 0, 0]);
});
