import { mkdirSync, renameSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PythonPool } from 'pypool';
import { describe, expect, it, vi } from 'vitest';
import { gateOf, pidsOf, poolFor, rejection, testFolder } from '../src/pool-for.js';
import { isAlive } from '../src/processes.js';
import { until } from '../src/until.js';

// Node opens one descriptor for all watches of the process, and keeps it: not a test's leak.
watch(tmpdir()).close();

/** Write a module that tells its version, as an editor does: a new file over the old one. */
function save(source: string): string {
  const folder = join(testFolder(), 'served');
  mkdirSync(folder, { recursive: true });
  const module = join(folder, 'module.py');
  writeFileSync(`${module}.new`, source);
  renameSync(`${module}.new`, module);
  return module;
}

const version = (text: string) => `
import os
from pypool import expose

@expose
def version():
    return {"version": ${JSON.stringify(text)}, "pid": os.getpid()}
`;

interface Answer {
  readonly version: string;
  readonly pid: number;
}

/** Call without pause, four at a time. */
function callers(pool: PythonPool) {
  let going = true;
  const answers: Answer[] = [];
  const done = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (going) answers.push(await pool.call<Answer>('version'));
    }),
  );
  return {
    answers,
    stop: async () => {
      going = false;
      await done;
    },
  };
}

describe('reload', () => {
  it.each(['before', 'after'] as const)(
    'S50 under load: no call fails, and afterwards all is new (%s)',
    async (replace) => {
      const module = save(version('first'));
      await using pool = await poolFor('echo', { module, size: 3, minReady: 3, replace });
      const old = pidsOf(pool);
      const { answers, stop } = callers(pool);
      await until('it is under load', () => answers.length > 50);
      save(version('the second one'));
      await pool.reload();
      const after = answers.length;
      await until('it has served on', () => answers.length > after + 50);
      await stop();
      expect(old.filter(isAlive)).toEqual([]);
      expect(new Set(answers.slice(0, 50).map(({ version }) => version))).toEqual(new Set(['first']));
      // Those that were on their way at that moment may have come back since.
      const later = answers.slice(after + 4);
      expect(new Set(later.map(({ version }) => version))).toEqual(new Set(['the second one']));
      expect(later.filter(({ pid }) => old.includes(pid))).toEqual([]);
    },
  );

  it('S50 that cannot start the new module keeps the old workers, and rejects with the traceback', async () => {
    const module = save(version('first'));
    await using pool = await poolFor('echo', { module, size: 2, minReady: 2 });
    const old = pidsOf(pool);
    save(`${version('broken')}\nthis is no Python\n`);
    const error = await rejection(pool.reload());
    expect(error).toMatchObject({ code: 'start-failed' });
    expect(error.message).toContain('SyntaxError');
    expect(error.message).toContain('module.py');
    expect(pidsOf(pool)).toEqual(old);
    expect(await pool.call('version')).toMatchObject({ version: 'first' });
    expect(pool.health().status).toBe('healthy');
    save(version('mended at last'));
    await pool.reload();
    expect(await pool.call('version')).toMatchObject({ version: 'mended at last' });
  });

  it('S50 watch: a saved file reloads, a broken one keeps the old workers and shows its traceback', async () => {
    const module = save(version('first'));
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    try {
      await using pool = await poolFor('echo', { module, size: 1, watch: true });
      const reloaded = () => new Promise<void>((resolve) => pool.on('reloaded', () => resolve()));
      const failed = () =>
        new Promise<Error>((resolve) => pool.on('reload-failed', ({ error }) => resolve(error)));

      const first = reloaded();
      save(version('the second one'));
      await first;
      const second = await pool.call<Answer>('version');
      expect(second.version).toBe('the second one');

      const failure = failed();
      save(`${version('broken')}\nthis is no Python\n`);
      expect((await failure).message).toContain('SyntaxError');
      expect(await pool.call('version')).toEqual(second);
      await until('it is on stderr', () =>
        stderr.mock.calls.some(([text]) => String(text).includes('SyntaxError')),
      );

      const mended = reloaded();
      save(version('mended at last'));
      await mended;
      expect(await pool.call('version')).toMatchObject({ version: 'mended at last' });
    } finally {
      stderr.mockRestore();
    }
  });
});

describe('resize', () => {
  it('grows and shrinks while calls run, and leaves no process too many', async () => {
    await using pool = await poolFor('echo', { size: 1 });
    const gate = gateOf();
    const calls = Array.from({ length: 12 }, () => pool.call<number>('wait_for_pid', [gate.path]));
    pool.resize(3);
    await until('three serve', () => pool.status().running === 3);
    const grown = pidsOf(pool);
    pool.resize(1);
    gate.open();
    const pids = await Promise.all(calls);
    expect(new Set(pids).size).toBe(3);
    await until('one is left', () => grown.filter(isAlive).length === 1);
    // Whoever looks at the machine may see their end before the pool has read what they said last.
    await until('the pool knows', () => pool.status().workers.length === 1);
    expect(pool.status()).toMatchObject({ size: 1, workers: [{ state: 'ready' }] });
  });
});
