import { describe, expect, it } from 'vitest';
import { fakePool } from './fake-pool.js';

describe('a fake pool', () => {
  it('runs handlers of TypeScript, one at a time', async () => {
    let running = 0;
    let most = 0;
    await using pool = fakePool({
      embed: async (text: string) => {
        most = Math.max(most, (running += 1));
        await Promise.resolve();
        running -= 1;
        return text.length;
      },
    });
    expect(await Promise.all([pool.call('embed', ['a']), pool.call('embed', ['bc'])])).toEqual([1, 2]);
    expect(most).toBe(1);
  });

  it('gives keywords as one object', async () => {
    await using pool = fakePool({ f: (...args: unknown[]) => args });
    expect(await pool.call('f', { k: 1 })).toEqual([{ k: 1 }]);
    expect(await pool.call('f', { args: [1], kwargs: { k: 2 } })).toEqual([1, { k: 2 }]);
  });

  it('streams what can be iterated, and ends the generator of a consumer that leaves', async () => {
    let closed = 0;
    await using pool = fakePool({
      *count(n: number) {
        try {
          for (let i = 0; i < n; i += 1) yield i;
        } finally {
          closed += 1;
        }
      },
    });
    const all: unknown[] = [];
    for await (const item of pool.stream('count', [200])) all.push(item);
    expect(all).toEqual([...Array(200).keys()]);
    for await (const item of pool.stream('count', [1_000_000])) if (item === 3) break;
    await pool.drain();
    expect(closed).toBe(2);
  });

  it('ends what takes longer than it may, and serves on', async () => {
    await using pool = fakePool({
      hang: () => new Promise(() => undefined),
      async *stall() {
        yield 1;
        await new Promise(() => undefined);
      },
      ok: () => 'ok',
    });
    await expect(pool.call('hang', [], { executionTimeoutMs: 5 })).rejects.toMatchObject({
      code: 'execution-timeout',
      outcome: 'unknown',
    });
    const stream = pool.stream('stall', [], { itemTimeoutMs: 5 });
    expect(await stream.next()).toEqual({ done: false, value: 1 });
    await expect(stream.next()).rejects.toMatchObject({ code: 'item-timeout', outcome: 'unknown' });
    expect(await pool.call('ok', [], { executionTimeoutMs: 60_000 })).toBe('ok');
  });

  it('turns what a handler throws into a python-error, and knows what it fakes', async () => {
    await using pool = fakePool({
      fail: () => {
        throw new RangeError('too far');
      },
    });
    await expect(pool.call('fail')).rejects.toMatchObject({
      code: 'python-error',
      pythonType: 'RangeError',
      outcome: 'finished',
    });
    await expect(pool.call('__proto__')).rejects.toMatchObject({
      code: 'unknown-function',
      outcome: 'not-started',
    });
  });

  it('tells what runs, for want of Python stacks', async () => {
    await using pool = fakePool({ hang: () => new Promise(() => undefined) });
    const abort = new AbortController();
    const running = pool.call('hang', [], { signal: abort.signal });
    await pool.ready();
    await new Promise((resolve) => setImmediate(resolve));
    const [worker] = pool.status().workers;
    expect(await pool.dump(worker!.id)).toMatchObject({
      workerId: worker!.id,
      calls: [{ id: 1, kind: 'call', name: 'hang', frames: [] }],
    });
    abort.abort();
    await expect(running).rejects.toMatchObject({ code: 'aborted' });
  });

  it('has the budgets, the abort and the sessions of the real one', async () => {
    await using pool = fakePool({ hang: () => new Promise(() => undefined) }, { maxQueue: 0 });
    const abort = new AbortController();
    const running = pool.session('s').call('hang', [], { signal: abort.signal });
    await expect(pool.call('hang')).rejects.toMatchObject({ code: 'queue-full' });
    expect(pool.sessions.list()).toMatchObject([{ id: 's', inFlight: 1 }]);
    abort.abort();
    await expect(running).rejects.toMatchObject({ code: 'aborted' });
  });
});
