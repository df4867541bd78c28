import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { PythonPool } from 'pypool';
import { describe, expect, it } from 'vitest';
import {
  lazyPoolFor,
  optionsFor,
  pidsOf,
  poolFor,
  rejection,
  testFolder,
  testMark,
} from '../src/pool-for.js';
import { isAlive, processesWithEnv, processFacts } from '../src/processes.js';
import { until } from '../src/until.js';

/** A value that `crash_matrix.py` decodes by code of its own. */
class OnDecode {
  constructor(readonly how: string) {}
}
const onDecode = {
  name: 'on-decode',
  is: (value: unknown): value is OnDecode => value instanceof OnDecode,
  encode: (value: unknown) => (value as OnDecode).how,
  decode: (how: unknown) => new OnDecode(String(how)),
};

describe('death', () => {
  it('S34 a segfault in flight: typed with signal, pid and stderr; the others live, a replacement comes unasked', async () => {
    await using pool = await poolFor('crash', { size: 2, minReady: 2 });
    const neighbour = pool.call('nap', [0.5, 'unaffected']);
    const error = await rejection(pool.call('segfault'));
    expect(error).toMatchObject({ category: 'communication', code: 'worker-exited', outcome: 'unknown' });
    expect(error.context).toMatchObject({ signal: 'SIGSEGV' });
    expect(error.context.pid).toBeGreaterThan(0);
    expect(error.context.stderr.join('\n')).toContain('about to read address zero');
    expect(await neighbour).toBe('unaffected');
    await until('the replacement is ready', () => {
      const { workers } = pool.status();
      return workers.length === 2 && workers.every(({ state }) => state === 'ready');
    });
    expect(pidsOf(pool)).not.toContain(error.context.pid);
  });

  it.each([
    ['eager', { size: 1, overflow: 0, start: 'eager' as const }],
    ['lazy', { size: 1, overflow: 0, start: 'lazy' as const }],
    ['overflow alone', { size: 0, overflow: 1, start: 'lazy' as const }],
  ])('S35 death with a queue behind it (%s): the queued call completes on a new pid', async (_, options) => {
    await using pool = lazyPoolFor('crash', options);
    const running = rejection(pool.call('nap', [60]));
    const queued = pool.call<number>('pid');
    await until('the first call runs', () =>
      pool.status().workers.some((worker) => worker.running.length > 0),
    );
    const [pid] = pidsOf(pool);
    process.kill(pid!, 'SIGKILL');
    expect(await running).toMatchObject({
      code: 'worker-exited',
      outcome: 'unknown',
      context: { signal: 'SIGKILL' },
    });
    expect(await queued).not.toBe(pid);
  });

  it('S36 crash isolation: of 20 calls on 4 workers, exactly the third fails', async () => {
    await using pool = await poolFor('crash', { size: 4, minReady: 4 });
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => pool.call('segfault_third', [n])),
    );
    const failed = results.flatMap((result, n) => (result.status === 'rejected' ? [n] : []));
    expect(failed).toEqual([3]);
  });

  describe('S37 crash matrix', () => {
    const places = {
      'decoding arguments': (how: string) => ({ name: 'take', args: [new OnDecode(how)] }),
      executing: (how: string) => ({ name: 'run', args: [how] }),
      'encoding the result': (how: string) => ({ name: 'result', args: [how] }),
    };
    const run = (pool: PythonPool, { name, args }: { name: string; args: unknown[] }) =>
      pool.call(name, args);
    for (const [place, call] of Object.entries(places)) {
      it(`raise while ${place}: a typed error, the worker lives`, async () => {
        await using pool = await poolFor('crash_matrix', { size: 1, types: [onDecode] });
        const [pid] = pidsOf(pool);
        const error = await rejection(run(pool, call('raise')));
        // Arguments that cannot be decoded are the caller's; whatever user code raises later is Python's.
        expect(error).toMatchObject(
          place === 'decoding arguments'
            ? { code: 'invalid-arguments', outcome: 'not-started' }
            : { code: 'python-error', outcome: 'finished' },
        );
        expect(error.message).toContain('as asked');
        expect(await pool.call('pid')).toBe(pid);
      });

      it(`exit while ${place}: the exit code`, async () => {
        await using pool = await poolFor('crash_matrix', { size: 1, types: [onDecode] });
        const error = await rejection(run(pool, call('exit')));
        expect(error).toMatchObject({ code: 'worker-exited', outcome: 'unknown', context: { exitCode: 7 } });
        expect(await pool.call('pid')).not.toBe(error.context.pid);
      });

      it(`segfault while ${place}: the signal`, async () => {
        await using pool = await poolFor('crash_matrix', { size: 1, types: [onDecode] });
        const error = await rejection(run(pool, call('segfault')));
        expect(error).toMatchObject({
          code: 'worker-exited',
          outcome: 'unknown',
          context: { signal: 'SIGSEGV' },
        });
        expect(await pool.call('pid')).not.toBe(error.context.pid);
      });
    }
  });

  it.each([
    ['by the call', 'segfault_once', { idempotent: true }],
    ['by @expose', 'segfault_once_idempotent', {}],
  ])(
    'S38 idempotent retry (%s): one more attempt on another worker, told by an event',
    async (_, name, options) => {
      await using pool = await poolFor('crash', { size: 2, minReady: 2 });
      const retried: any[] = [];
      pool.on('call-retried', (event) => retried.push(event));
      const { first, second } = await pool.call<{ first: number; second: number }>(name, [], options);
      expect(second).not.toBe(first);
      expect(retried).toMatchObject([
        { name, attempts: 1, error: { code: 'worker-exited', outcome: 'unknown', context: { pid: first } } },
      ]);
      expect(pool.stats().calls).toMatchObject({ succeeded: 1, failed: 0, retried: 1 });
    },
  );

  it.each([8, 100_000])(
    'S38 a retry whose %i bytes were transferred elsewhere after the first attempt fails, and sends no empty ones',
    async (size) => {
      await using pool = await poolFor('crash', { size: 2, minReady: 2 });
      const data = new Uint8Array(size).fill(7);
      pool.on('call-retried', () => structuredClone(data.buffer, { transfer: [data.buffer] }));
      const error = await rejection(pool.call('segfault_once_over', [data]));
      expect(error).toMatchObject({
        code: 'unencodable',
        outcome: 'unknown',
        context: { path: 'args[0]', attempts: 2 },
      });
      expect(error.message).toContain(
        'Cannot send args[0] to Python: memory that was transferred elsewhere.',
      );
      expect(error.message).toContain('may have run');
      expect(readFileSync(join(testFolder(), 'segfault_once_over'), 'utf8').trim().split('\n')).toHaveLength(
        1,
      );
      expect(await pool.call('segfault_once_over', [new Uint8Array(size)])).toBe(size);
    },
  );

  it('S38 a call that is not idempotent, or that its caller says is not, is not run twice', async () => {
    await using pool = await poolFor('crash', { size: 1 });
    for (const [name, options] of [
      ['segfault_once', {}],
      ['segfault_once_idempotent', { idempotent: false }],
    ] as const) {
      expect(await rejection(pool.call(name, [], options))).toMatchObject({ outcome: 'unknown' });
      expect(readFileSync(join(testFolder(), name), 'utf8').trim().split('\n')).toHaveLength(1);
    }
  });

  it('S39 death in the middle of a reply of 100 MB: one typed failure, and no reply gets out of step', async () => {
    await using pool = await poolFor('crash', {
      size: 1,
      limits: { maxFrameBytes: 2 ** 26, maxBufferBytes: 2 ** 30 },
    });
    const results = await Promise.allSettled([
      pool.call('die_while_writing', [100_000_000]),
      pool.call('nap', [0, 'next']),
    ]);
    expect(results[1]).toEqual({ status: 'fulfilled', value: 'next' });
    expect(results[0]).toMatchObject({
      status: 'rejected',
      reason: { code: 'worker-exited', outcome: 'unknown' },
    });
    for (let n = 0; n < 10; n += 1) expect(await pool.call('nap', [0, n])).toBe(n);
  });

  it('S40 sys.exit in a handler is that call’s error; an exception in a thread is an event; the worker lives', async () => {
    await using pool = await poolFor('crash', { size: 1 });
    const [pid] = pidsOf(pool);
    expect(await rejection(pool.call('sys_exit', [3]))).toMatchObject({
      code: 'python-error',
      pythonType: 'SystemExit',
      outcome: 'finished',
    });
    const event = new Promise<any>((resolve) => pool.on('thread-exception', resolve as never));
    expect(await pool.call('raise_in_thread')).toBe('done');
    expect((await event).error).toMatchObject({ pythonType: 'ZeroDivisionError' });
    expect(await pool.call('pid')).toBe(pid);
  });

  it('S41 unencodable values, 100 times each way: a typed error that names the path, and no slot is lost', async () => {
    await using pool = await poolFor('errors', { size: 2, minReady: 2 });
    const pids = new Set(pidsOf(pool));
    for (let n = 0; n < 100; n += 1) {
      const results = await Promise.all([
        rejection(pool.call('echo', [{ rows: [1, { owner: () => n }] }])),
        rejection(pool.call('unencodable')),
      ]);
      expect(results[0]).toMatchObject({ category: 'usage', code: 'unencodable', outcome: 'not-started' });
      expect(results[0].context.path).toContain('rows[1].owner');
      expect(results[1]).toMatchObject({ category: 'usage', code: 'unencodable', outcome: 'finished' });
      expect(results[1].context.path).toBe('result.rows[2].owner');
    }
    expect(new Set(pidsOf(pool))).toEqual(pids);
    expect(pool.status().workers.every(({ running }) => running.length === 0)).toBe(true);
  });

  it('S42 Node is killed with idle, busy and starting workers and grandchildren: every descendant goes', async () => {
    const folder = testFolder();
    const host = spawn(
      process.execPath,
      [
        '--import',
        'tsx',
        '--conditions=@pypool/source',
        fileURLToPath(new URL('../src/host.ts', import.meta.url)),
      ],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: {
          ...process.env,
          SCENARIO_OPTIONS: JSON.stringify(optionsFor('grandchild')),
          SCENARIO_HOST_FOLDER: folder,
          TMPDIR: folder,
        },
      },
    );
    const [line] = (await once(createInterface(host.stdout), 'line')) as [string];
    const { pids } = JSON.parse(line) as { pids: number[] };
    const socketFolders = () => readdirSync(folder).filter((name) => name.startsWith('pypool-'));
    expect(pids.every(isAlive)).toBe(true);
    expect(socketFolders()).not.toEqual([]);
    expect(pids.length).toBeGreaterThanOrEqual(5);
    const marked = () => processesWithEnv(testMark().name, testMark().value);
    host.kill('SIGKILL');
    await once(host, 'exit');
    await until(
      'every descendant of the killed host is gone',
      () => marked().length === 0 && !pids.some(isAlive),
    );
    // The guardian ends processes first.
    await until('the folders of their sockets are gone', () => socketFolders().length === 0);
  });

  it.each(['start_child', 'fork_child'])('S43 a grandchild (%s) goes with the pool', async (handler) => {
    const pool = await poolFor('grandchild', { size: 1 });
    const pid = await pool.call<number>(handler);
    expect(isAlive(pid)).toBe(true);
    await pool.close();
    await until('the grandchild is gone', () => !isAlive(pid));
  });

  it('S43 a worker killed while its forked child holds on: the call fails soon, the child goes', async () => {
    await using pool = await poolFor('grandchild', { size: 1 });
    const child = await pool.call<number>('fork_child');
    const [pid] = pidsOf(pool);
    const running = rejection(pool.call('nap', [60]));
    process.kill(pid!, 'SIGKILL');
    expect(await running).toMatchObject({ code: 'worker-exited', outcome: 'unknown' });
    await until('the grandchild is gone', () => !isAlive(child));
  });

  it('S44 the fork server is killed under load: its workers and grandchildren go, every call settles, workers come back', async () => {
    await using pool = await poolFor('grandchild', { size: 3, minReady: 3, launcher: 'fork' });
    const child = await pool.call<number>('start_child');
    const before = pidsOf(pool);
    const server = processFacts(before[0]!)!.parent;
    const lost = new Promise((resolve) => pool.on('fork-server-lost', resolve));
    const running = [1, 2, 3].map(() => rejection(pool.call('nap', [60])));
    await until('all of them are busy', () =>
      pool.status().workers.every((worker) => worker.running.length === 1),
    );
    const queued = Array.from({ length: 20 }, () => pool.call<number>('pid'));
    process.kill(server, 'SIGKILL');
    for (const error of await Promise.all(running))
      expect(error).toMatchObject({ code: 'worker-exited', outcome: 'unknown' });
    for (const pid of await Promise.all(queued)) expect(before).not.toContain(pid);
    expect(await lost).toMatchObject({ workers: 3 });
    await until('all are back', () => pidsOf(pool).length === 3);
    expect(new Set(pidsOf(pool).map((pid) => processFacts(pid)?.parent)).size).toBe(1);
    await until('those of the killed one are gone', () => ![...before, child, server].some(isAlive));
  });

  it('a file that a call wrote proves that it ran: unknown is not not-started', async () => {
    await using pool = await poolFor('grandchild', { size: 1 });
    const file = join(testFolder(), 'gil');
    const running = rejection(pool.call('hold_gil', [file]));
    await until('the call runs', () => existsSync(file) && readFileSync(file, 'utf8') !== '');
    process.kill(Number(readFileSync(file, 'utf8')), 'SIGKILL');
    expect(await running).toMatchObject({ outcome: 'unknown', retryable: false });
  });
});
