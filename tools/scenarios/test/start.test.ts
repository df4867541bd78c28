import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPythonPool, pythonPool } from 'pypool';
import { describe, expect, it } from 'vitest';
import { givenTime } from '../../test/given-time.js';
import {
  gateOf,
  LAUNCHER,
  lazyPoolFor,
  optionsFor,
  pidsOf,
  poolFor,
  program,
  rejection,
  testFolder,
  testMark,
} from '../src/pool-for.js';
import { descendants, isAlive, processesWithEnv } from '../src/processes.js';
import { until } from '../src/until.js';

const marked = () => processesWithEnv(testMark().name, testMark().value);

/** Whether a start that took too long had come to where it hangs. */
const hasComeThere = ({ error }: { error?: any }) => error?.context.stderr?.length > 0;

/** All that a user needs of a start that took too long. */
function isExplained(error: any, module: string, startTimeoutMs: number): void {
  expect(error).toMatchObject({ code: 'start-timeout' });
  expect(error.context).toMatchObject({
    startTimeoutMs,
    modules: [program(module)],
    phase: 'importing',
    stderr: ['waiting for a licence'],
  });
  expect(error.context.pid).toBeGreaterThan(0);
  expect(error.message).toContain(
    `within startTimeoutMs (${startTimeoutMs} ms); raise it if a start needs longer.`,
  );
  expect(error.message).toContain(`(pid ${error.context.pid},`);
  expect(error.message).toContain(`was importing ${program(module)} or running its on_worker_start hooks.`);
  expect(error.message).toContain('waiting for a licence');
}

describe('start', () => {
  it('S01 cold pool: four workers, each a process of its own, ready only after the handshake', async () => {
    await using pool = await poolFor('echo', { size: 4, minReady: 4 });
    const pids = pidsOf(pool);
    expect(new Set(pids).size).toBe(4);
    expect(pids.every(isAlive)).toBe(true);
    expect(pool.status().workers.map(({ state }) => state)).toEqual(Array(4).fill('ready'));
    const answers = await Promise.all(Array.from({ length: 8 }, () => pool.call<number>('nap_pid', [0.1])));
    expect(new Set(answers)).toEqual(new Set(pids));
    expect(await pool.call('echo', ['hello'])).toBe('hello');
  });

  it('S02 ready means usable: calls made during a slow import wait and succeed', async () => {
    await using pool = lazyPoolFor('slow_import', { env: { IMPORT_SECONDS: '3' }, start: 'lazy' });
    expect(
      await Promise.all([pool.call('echo', [1]), pool.call('echo', [2]), pool.call('echo', [3])]),
    ).toEqual([1, 2, 3]);
  });

  it('S03 broken module: the traceback is in the error, and no process is left', async () => {
    const error = await rejection(poolFor('broken_import', { startTimeoutMs: 20_000 }));
    expect(error).toMatchObject({ category: 'resource', code: 'start-failed', outcome: 'not-started' });
    expect(error.message).toContain('no such model: llama-7');
    expect(error.message).toContain('broken_import.py');
    expect(error.stack).toContain('--- createPythonPool() ---');
    expect(error.stack).toContain('pool-for.ts');
    await until('the broken workers are gone', () => marked().length === 0);
  });

  describe('S04 bad options are refused before any process is started', () => {
    const refused: [string, () => unknown, string][] = [
      ['an unknown option', () => createPythonPool({ ...optionsFor('echo'), sizes: 3 } as never), 'sizes'],
      [
        'no room for any worker',
        () => createPythonPool({ ...optionsFor('echo'), size: 0, overflow: 0 }),
        'overflow',
      ],
      ['a negative size', () => createPythonPool({ ...optionsFor('echo'), size: -1 }), 'size'],
      [
        'an interpreter that is not there',
        () => createPythonPool({ ...optionsFor('echo'), python: '/no/such/python3' }),
        '/no/such/python3',
      ],
      [
        'a module that is not there',
        () => createPythonPool({ ...optionsFor('echo'), module: './no/such.py' }),
        `${process.cwd()}/no/such.py`,
      ],
      [
        'a file that is not Python',
        () =>
          createPythonPool({
            ...optionsFor('echo'),
            module: program('echo').replace('python/echo.py', 'package.json'),
          }),
        'package.json',
      ],
    ];
    it.each(refused)('%s', async (_, create, named) => {
      const error = await rejection(Promise.resolve().then(create));
      expect(error).toMatchObject({ category: 'usage', code: 'invalid-options' });
      expect(error.message).toContain(named);
      expect(descendants()).toEqual([]);
    });

    it('an unknown option of the synchronous twin throws at once', () => {
      expect(() => pythonPool({ ...optionsFor('echo'), sizes: 3 } as never)).toThrowError(/sizes/);
    });
  });

  it('S05 start hang: a typed start timeout, and the child is reaped', async () => {
    const start = async (startTimeoutMs: number) => {
      const error = await rejection(poolFor('hang_on_import', { startTimeoutMs }));
      return { error, startTimeoutMs };
    };
    const { error, startTimeoutMs } = await givenTime(1_500, start, hasComeThere);
    expect(error).toMatchObject({ category: 'timeout', code: 'start-timeout', outcome: 'not-started' });
    isExplained(error, 'hang_on_import', startTimeoutMs);
    await until('the child is reaped, no zombie', () => descendants().length === 0);
  });

  it('S05 start hang of a later replacement: the event says where it hung, and so does what calls are told', async () => {
    const replace = async (startTimeoutMs: number) => {
      rmSync(join(testFolder(), 'started'), { recursive: true, force: true });
      await using pool = lazyPoolFor('hang_on_later_starts', {
        size: 1,
        startTimeoutMs,
        maxStartFailures: 1,
      });
      // The first has to start in that time.
      const ready = await pool.ready().then(
        () => true,
        () => false,
      );
      if (!ready) return { startTimeoutMs };
      const failed = new Promise<{ error: any }>((resolve) => pool.on('worker-start-failed', resolve));
      await rejection(pool.call('exit_now'));
      const { error } = await failed;
      return { error, told: await rejection(pool.call('exit_now')), startTimeoutMs };
    };
    const { error, told, startTimeoutMs } = await givenTime(1_500, replace, hasComeThere);
    isExplained(error, 'hang_on_later_starts', startTimeoutMs);
    expect(told).toMatchObject({ code: 'circuit-open', context: { phase: 'importing' } });
    expect(told.cause).toBe(error);
  });

  it('S06 crash loop: bounded attempts, all callers told why, a second wave fails at once, and it recovers by itself', async () => {
    await using pool = lazyPoolFor('crash_on_import', { size: 2, start: 'lazy' });
    const imports = () => readFileSync(join(testFolder(), 'imports'), 'utf8').length;
    const wave = () => Promise.all([1, 2, 3].map(() => rejection(pool.call('answer'))));
    let opened = 0;
    pool.on('circuit-open', () => (opened += 1));
    for (const error of await wave()) {
      expect(error).toMatchObject({ code: 'circuit-open', outcome: 'not-started', retryable: true });
      expect(error.context).toMatchObject({ failures: 3, stderr: ['no licence found'] });
      expect(error.cause).toMatchObject({ code: 'start-failed', context: { exitCode: 3 } });
      expect(error.message).toContain('no licence found');
    }
    // Two began side by side, which is one failure; then one at a time. A fork server imports once for those two.
    const wanted = LAUNCHER === 'fork' ? 3 : 4;
    expect(imports()).toBe(wanted);
    expect(opened).toBe(1);
    // Within one turn of the loop: nothing was started for them.
    for (const error of await wave()) expect(error).toMatchObject({ code: 'circuit-open' });
    expect(imports()).toBe(wanted);
    expect(pool.health()).toMatchObject({ status: 'failing', ready: false });
    expect(pool.health().reasons[0]).toMatch(/3 times in a row .*no licence found/s);
    const closed = new Promise((resolve) => pool.on('circuit-closed', resolve));
    writeFileSync(join(testFolder(), 'mended'), '');
    await closed;
    expect(await pool.call('answer')).toBe(42);
    expect(pool.health().status).toBe('healthy');
  });

  it('S07 cold burst: eight lazy workers are starting before the first is ready', async () => {
    await using pool = lazyPoolFor('slow_import', { env: { IMPORT_SECONDS: '1' }, start: 'lazy', size: 8 });
    const seen: string[] = [];
    pool.on('worker-starting', ({ workerId }) => seen.push(`starting ${workerId}`));
    pool.on('worker-ready', ({ workerId }) => seen.push(`ready ${workerId}`));
    await Promise.all(Array.from({ length: 8 }, () => pool.call('nap', [0.5])));
    const firstReady = seen.findIndex((line) => line.startsWith('ready'));
    expect(seen.slice(0, firstReady).filter((line) => line.startsWith('starting'))).toHaveLength(8);
  });

  it('S08 slow start: one start hangs, calls flow on the others, and the hung one is destroyed at its timeout', async () => {
    const serve = async (startTimeoutMs: number) => {
      rmSync(join(testFolder(), 'hangs'), { recursive: true, force: true });
      await using pool = lazyPoolFor('hang_once_at_start', { size: 2, start: 'eager', startTimeoutMs });
      const failures: string[] = [];
      pool.on('worker-start-failed', ({ error }) => failures.push(error.code));
      // The other has to start in that time, and serve 50 calls.
      const pids: (number | undefined)[] = [];
      for (let n = 0; n < 50; n += 1) pids.push(await pool.call<number>('pid').catch(() => undefined));
      if (failures.length > 0) return { served: new Set<number | undefined>(), failures };
      await until('the hung worker is given up', () => failures.length > 0);
      await until(
        'the hung worker is replaced',
        () => pidsOf(pool).length === 2 && pool.status().workers.every(({ state }) => state === 'ready'),
      );
      const zombies = descendants().filter(({ state }) => state === 'Z');
      return { served: new Set(pids), failures, zombies };
    };
    const { served, failures, zombies } = await givenTime(2_000, serve, ({ served }) => served.size > 0);
    expect(served.size).toBe(1);
    expect(failures).toEqual(['start-timeout']);
    expect(zombies).toEqual([]);
  });

  it('S08 slow start: one that takes its time and succeeds is used', async () => {
    // By slot, of which an import that all share would know nothing.
    const { env, ...options } = optionsFor('slow_import', { start: 'eager', launcher: 'spawn' });
    const { set } = env as { set: Record<string, string> };
    const gate = gateOf();
    await using pool = pythonPool({
      ...options,
      env: ({ slot }) => ({ set: { ...set, IMPORT_SECONDS: '0', IMPORT_GATE: slot === 0 ? '' : gate.path } }),
    });
    const pids = new Set<number>();
    for (let n = 0; n < 10; n += 1) pids.add(await pool.call<number>('pid'));
    expect(pids.size).toBe(1);
    await pool.ready();
    gate.open();
    await until('the slow one is ready', () => pool.status().workers.every(({ state }) => state === 'ready'));
    const both = await Promise.all([
      pool.call<number>('nap_pid', [0.3]),
      pool.call<number>('nap_pid', [0.3]),
    ]);
    expect(new Set(both).size).toBe(2);
    expect(pool.stats().workers).toMatchObject({ starts: 2, startFailures: 0 });
  });

  it('S09 close during start: right after creation, and in the middle of a start of 20', async () => {
    const first = lazyPoolFor('slow_import', { env: { IMPORT_SECONDS: '5' }, start: 'eager' });
    await Promise.all([first.close(), first.close()]);
    expect(marked()).toEqual([]);

    const many = lazyPoolFor('slow_import', { env: { IMPORT_SECONDS: '30' }, start: 'eager', size: 20 });
    const call = rejection(many.call('echo', [1]));
    const some = LAUNCHER === 'fork' ? 1 : 5; // a fork server imports for all of them
    await until('some workers have come into being', () => marked().length >= some);
    await many.close({ force: true });
    expect(await call).toMatchObject({ code: 'pool-closed', outcome: 'not-started' });
    expect(await rejection(many.ready())).toMatchObject({ code: 'pool-closed' });
    expect(marked()).toEqual([]);
  });

  it('S10 garbage on stdout: at import and in calls, nothing is corrupted and it arrives as lines', async () => {
    await using pool = lazyPoolFor('noisy', { size: 1, start: 'lazy' });
    let bytes = 0;
    pool.on('output', ({ line }) => (bytes += line.length));
    for (let n = 0; n < 5; n += 1) expect(await pool.call('echo', [{ n }])).toEqual({ n });
    await until('the noise has arrived', () => bytes > 5_000_000);
  });

  it('S11 the classic failure: ten concurrent calls on 3 + 2 workers that take 2 s to start', async () => {
    await using pool = lazyPoolFor('slow_import', {
      env: { IMPORT_SECONDS: '2' },
      size: 3,
      overflow: 2,
      checkoutTimeoutMs: 5_000,
      start: 'eager',
    });
    const calls = Array.from({ length: 10 }, (_, n) =>
      n % 2 === 0 ? pool.session(`session-${n}`).call('nap', [0.1, n]) : pool.call('nap', [0.1, n]),
    );
    expect(await Promise.all(calls)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('a module that was broken works after it was mended, with no restart of the host', async () => {
    const module = join(testFolder(), 'mended.py');
    writeFileSync(module, 'raise RuntimeError("half written")\n');
    await using pool = lazyPoolFor('echo', { module, size: 1, start: 'lazy', checkoutTimeoutMs: 30_000 });
    expect(await rejection(pool.call('answer'))).toMatchObject({
      code: 'circuit-open',
      cause: { code: 'start-failed' },
    });
    const closed = new Promise((resolve) => pool.on('circuit-closed', resolve));
    writeFileSync(module, 'from pypool import expose\n');
    appendFileSync(module, '@expose\ndef answer():\n    return 42\n');
    await closed;
    expect(await pool.call('answer')).toBe(42);
  });
});
