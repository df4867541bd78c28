import { describe, expect, it } from 'vitest';
import { atEndOfTurn } from './end-of-turn.js';

describe('the end of a turn', () => {
  it('comes after its ticks and microtasks, and before the loop goes on', async () => {
    const seen: string[] = [];
    setImmediate(() => seen.push('immediate'));
    process.nextTick(() => seen.push('tick'));
    atEndOfTurn(() => {
      seen.push('first');
      atEndOfTurn(() => seen.push('asked meanwhile'));
    });
    atEndOfTurn(() => seen.push('second'));
    void Promise.resolve()
      .then(() => undefined)
      .then(() => seen.push('microtask'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen.splice(0, 2).sort()).toEqual(['microtask', 'tick']);
    expect(seen).toEqual(['first', 'second', 'asked meanwhile', 'immediate']);
    atEndOfTurn(() => seen.push('next turn'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen.at(-1)).toBe('next turn');
  });

  it('holds for the others when one throws, which nobody misses', async () => {
    const thrown: unknown[] = [];
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.once('uncaughtException', (error) => thrown.push(error));
    const seen: string[] = [];
    atEndOfTurn(() => {
      throw new Error('broken');
    });
    atEndOfTurn(() => seen.push('second'));
    await new Promise((resolve) => setImmediate(resolve));
    for (const listener of listeners) process.on('uncaughtException', listener);
    expect(seen).toEqual(['second']);
    expect(thrown).toEqual([new Error('broken')]);
  });
});
