import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PythonValue } from 'pypool';
import { describe, expect, it } from 'vitest';
import { lazyPoolFor, pidsOf, poolFor, rejection, testFolder } from '../src/pool-for.js';
import { until } from '../src/until.js';

describe('data, streams, errors', () => {
  it('S54 echo of everything: exact, or as the table of SPEC.md says', async () => {
    await using pool = await poolFor('echo', { size: 1 });
    const exact: unknown[] = [
      null,
      true,
      false,
      0,
      -0,
      5,
      5.5,
      -1,
      Number.MAX_SAFE_INTEGER,
      Number.MIN_VALUE,
      1e300,
      NaN,
      Infinity,
      -Infinity,
      2n ** 53n + 1n,
      -(2n ** 70n),
      '',
      'emoji 😀, e\u0301, \u0000 and \u2028',
      'lone \ud800 surrogate',
      [],
      {},
      [[], [null, [{}]]],
      { a: { b: [1, { c: 'd' }] }, '': 1, 'with space': 2 },
      { $: 1 },
      { $: ['int', '5'] },
      { $: ['object', { $: [] }], more: true },
      new Uint8Array([0, 255, 10]),
      new Uint8Array(0),
      new Float64Array([1.5, -0, NaN, Infinity]),
      new Int16Array([-1, 2]),
      new BigInt64Array([2n ** 62n]),
      new Date('2026-11-23T10:00:00.123Z'),
      new Set([1, 'two']),
      new Map<unknown, unknown>([
        [1, 'one'],
        ['1', 'text'],
      ]),
      new PythonValue('decimal', '1.10'),
      new PythonValue('uuid', '12345678-1234-5678-1234-567812345678'),
      new PythonValue('date', '2026-11-23'),
      new PythonValue('datetime', '2026-11-23T10:00:00.123456+01:00'),
    ];
    for (const value of exact) expect(await pool.call('echo', [value])).toStrictEqual(value);
    expect(Object.is(await pool.call('echo', [-0]), -0)).toBe(true);
    expect(await pool.call('echo', [exact])).toStrictEqual(exact);

    const text = 'x'.repeat(50_000_000);
    expect((await pool.call<string>('echo', [text])) === text).toBe(true);
    let deep: unknown = 'bottom';
    for (let level = 0; level < 250; level += 1) deep = [deep];
    expect(await pool.call('echo', [deep])).toStrictEqual(deep);
    expect(await pool.call('echo', [undefined])).toBe(null);
    expect(await pool.call('echo', [{ kept: 1, left: undefined }])).toStrictEqual({ kept: 1 });
  });

  it('S54 arguments: positional, keywords, both, none', async () => {
    await using pool = await poolFor('echo', { size: 1 });
    expect(await pool.call('echo')).toBe(null);
    expect(await pool.call('echo', ['positional'])).toBe('positional');
    expect(await pool.call('echo', { value: 'keyword' })).toBe('keyword');
    expect(await pool.call('nap', { args: [0], kwargs: { value: 'both' } })).toBe('both');
    expect(await rejection(pool.call('echo', [1, 2, 3]))).toMatchObject({
      category: 'usage',
      code: 'invalid-arguments',
      outcome: 'not-started',
    });
  });

  it('S55 a stream of 10 000 items: in order, with exactly one end', async () => {
    await using pool = await poolFor('stream', { size: 1 });
    for (const name of ['count', 'count_async']) {
      const items: number[] = [];
      for await (const item of pool.stream<number>(name, [10_000])) items.push(item);
      expect(items).toEqual([...Array(10_000).keys()]);
    }
  });

  it('S55 a slow consumer bounds the producer', async () => {
    await using pool = await poolFor('stream', { size: 1 });
    const file = join(testFolder(), 'made');
    const stream = pool.stream<number>('count_noting', [file, 100_000])[Symbol.asyncIterator]();
    expect(await stream.next()).toEqual({ done: false, value: 0 });
    const made = () => Number(readFileSync(file, 'utf8') || '0');
    // Nothing is taken any more: the producer goes on to the end of its window and stands there.
    let last = -1;
    await until('the producer stands still', () => {
      const now = made();
      const still = now === last;
      last = now;
      return still && now > 1;
    });
    expect(made()).toBeLessThan(1_000);
    await stream.return?.();
  });

  it('S55 an exception in the middle carries its traceback, after the items before it', async () => {
    await using pool = await poolFor('stream', { size: 1 });
    const items: number[] = [];
    const error = await rejection(
      (async () => {
        for await (const item of pool.stream<number>('fail_after', [5])) items.push(item);
      })(),
    );
    expect(items).toEqual([0, 1, 2, 3, 4]);
    expect(error).toMatchObject({ code: 'python-error', pythonType: 'ValueError', outcome: 'finished' });
    expect(error.traceback).toContain('fail_after');
  });

  it('S56 streams queue like calls', async () => {
    await using pool = await poolFor('stream', { size: 1 });
    const running = pool.call<number>('nap', [0.3]);
    const stream = pool.stream<number>('count', [3]);
    let started = false;
    void stream.started.then(() => (started = true));
    expect(pool.status().queued).toBe(1);
    await running;
    const items: number[] = [];
    for await (const item of stream) items.push(item);
    expect(started).toBe(true);
    expect(items).toEqual([0, 1, 2]);
    const refused = pool.stream('count', [1], { signal: AbortSignal.abort() });
    expect(await rejection(refused.started)).toMatchObject({ code: 'aborted' });
  });

  it('S57 errors: type, module, arguments, chain, frames, and where the call was made', async () => {
    await using pool = await poolFor('errors', { size: 1 });
    expect(await rejection(pool.call('value_error'))).toMatchObject({
      category: 'python',
      code: 'python-error',
      outcome: 'finished',
      retryable: false,
      pythonType: 'ValueError',
      pythonModule: 'builtins',
      args: ['bad value', 42],
    });
    expect(await rejection(pool.call('key_error'))).toMatchObject({
      pythonType: 'KeyError',
      args: ['missing'],
    });
    expect(await rejection(pool.call('custom'))).toMatchObject({
      pythonType: 'OutOfStock',
      pythonModule: 'errors',
      args: ['bolt', 3],
    });
    const chained = await rejection(pool.call('chained'));
    expect(chained).toMatchObject({ pythonType: 'RuntimeError', cause: { pythonType: 'KeyError' } });
    expect(chained.traceback).toContain('The above exception was the direct cause');
    expect(chained.frames.at(-1)).toMatchObject({ function: 'chained' });
    expect(chained.frames.at(-1).file).toContain('errors.py');
    expect(chained.stack).toContain('data.test.ts');
    expect(JSON.stringify(chained)).not.toContain('Traceback');
    if (await pool.call('has_groups')) {
      const group = await rejection(pool.call('group'));
      expect(group).toMatchObject({ pythonType: 'ExceptionGroup' });
      expect(group.exceptions.map(({ pythonType }: { pythonType: string }) => pythonType)).toEqual([
        'ValueError',
        'TypeError',
      ]);
    }
  });

  it('S57 an error that is part of the handler’s contract', async () => {
    await using pool = await poolFor('echo', { size: 1 });
    expect(await rejection(pool.call('fail', ['no-such-user']))).toMatchObject({
      code: 'python-error',
      failure: { code: 'no-such-user', data: { code: 'no-such-user' } },
    });
  });

  it('S58 a flood of 100 MB on stderr with no line end: memory is bounded, the result unaffected', async () => {
    await using pool = lazyPoolFor('flood', { size: 1 });
    let lines = 0;
    let longest = 0;
    pool.on('output', ({ line }) => {
      lines += 1;
      longest = Math.max(longest, line.length);
    });
    await pool.call('flood', [1]);
    const before = process.memoryUsage.rss();
    expect(await pool.call('flood', [100])).toBe('still here');
    expect(process.memoryUsage.rss() - before).toBeLessThan(80_000_000);
    expect(lines).toBeGreaterThan(0);
    expect(longest).toBeLessThanOrEqual(16_384 + 100);
  });

  it('S59 oversize in either direction: a typed error, connection and worker survive', async () => {
    await using pool = await poolFor('echo', {
      size: 1,
      limits: { maxFrameBytes: 65_536, maxBufferBytes: 65_536 },
    });
    const [pid] = pidsOf(pool);
    const oversize = { category: 'communication', code: 'frame-too-large' };
    expect(await rejection(pool.call('echo', ['x'.repeat(70_000)]))).toMatchObject({
      ...oversize,
      outcome: 'not-started',
    });
    expect(await rejection(pool.call('echo', [new Uint8Array(70_000)]))).toMatchObject({
      ...oversize,
      outcome: 'not-started',
    });
    // 30 000 characters of two bytes fit on their way in; the handler's answer, said twice, does not.
    await using doubling = await poolFor('doubling', {
      size: 1,
      limits: { maxFrameBytes: 65_536, maxBufferBytes: 65_536 },
    });
    expect(await rejection(doubling.call('twice', ['x'.repeat(40_000)]))).toMatchObject({
      ...oversize,
      outcome: 'finished',
    });
    expect(await rejection(doubling.call('twice', [new Uint8Array(40_000)]))).toMatchObject({
      ...oversize,
      outcome: 'finished',
    });
    expect(await doubling.call('twice', ['ab'])).toBe('abab');
    expect(await pool.call('pid')).toBe(pid);
  });

  it('S60 hostile names: typed, and nothing is polluted', async () => {
    await using pool = await poolFor('echo', { size: 1 });
    for (const name of [
      '__proto__',
      'constructor',
      'os.system',
      '..',
      'hidden',
      'os',
      '__import__',
      'echo.__globals__',
      '',
      'toString',
    ])
      expect(await rejection(pool.call(name, []))).toMatchObject({
        category: 'usage',
        code: 'unknown-function',
        outcome: 'not-started',
      });
    expect((await rejection(pool.call('ecko', []))).message).toContain("'echo'");
    const hostile = JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}') as object;
    const back = await pool.call<Map<string, unknown>>('echo', [hostile]);
    expect(back).toBeInstanceOf(Map);
    expect(Object.assign({}, back)).not.toHaveProperty('polluted');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
