import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { givenTime } from '../../test/given-time.js';
import { optionsFor, pidsOf, poolFor, rejection, testFolder, testMark } from '../src/pool-for.js';
import { isAlive, processesWithEnv } from '../src/processes.js';
import { until } from '../src/until.js';

describe('close', () => {
  it('S51 graceful: 4 running and 10 queued calls finish, new ones are refused, nothing is left', async () => {
    const pool = await poolFor('echo', { size: 4, minReady: 4 });
    const pids = pidsOf(pool);
    const calls = Array.from({ length: 14 }, (_, n) => pool.call('nap', [0.2, n]));
    const closing = pool.close();
    const again = pool.close();
    expect(await rejection(pool.call('echo', [1]))).toMatchObject({
      code: 'pool-closed',
      outcome: 'not-started',
    });
    expect(await Promise.all(calls)).toEqual([...Array(14).keys()]);
    await Promise.all([closing, again]);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(processesWithEnv(testMark().name, testMark().value)).toEqual([]);
  });

  it('S51 forced: running calls end, queued ones are rejected as never started', async () => {
    const pool = await poolFor('echo', { size: 4, minReady: 4 });
    const pids = pidsOf(pool);
    const calls = Array.from({ length: 14 }, () => rejection(pool.call('nap', [60])));
    await until('four run', () => pool.status().workers.every(({ running }) => running.length === 1));
    await pool.close({ force: true });
    const errors = await Promise.all(calls);
    expect(errors.map(({ code }) => code)).toEqual(Array(14).fill('pool-closed'));
    expect(errors.map(({ outcome }) => outcome)).toEqual([
      ...Array(4).fill('unknown'),
      ...Array(10).fill('not-started'),
    ]);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it('S51 with a limit: what is not done by then is ended', async () => {
    const closed = async (timeoutMs: number) => {
      const pool = await poolFor('echo', { size: 1 });
      const calls = [pool.call('nap', [0.05, 'done']), pool.call('nap', [60]), pool.call('echo', [1])];
      const settled = Promise.allSettled(calls);
      await pool.close({ timeoutMs });
      return settled;
    };
    // The first has to be done in that time.
    expect(await givenTime(500, closed, ([quick]) => quick?.status === 'fulfilled')).toMatchObject([
      { value: 'done' },
      { reason: { code: 'pool-closed', outcome: 'unknown' } },
      { reason: { code: 'pool-closed', outcome: 'not-started' } },
    ]);
  });

  it('S52 after close, and twice: typed at once, and nothing is started again', async () => {
    const pool = await poolFor('echo');
    await pool.close();
    await pool.close();
    expect(await rejection(pool.call('echo', [1]))).toMatchObject({
      category: 'resource',
      code: 'pool-closed',
    });
    expect(
      await rejection(
        (async () => {
          for await (const _ of pool.stream('echo'));
        })(),
      ),
    ).toMatchObject({ code: 'pool-closed' });
    expect(await rejection(pool.session('late').call('echo', [1]))).toMatchObject({ code: 'pool-closed' });
    expect(processesWithEnv(testMark().name, testMark().value)).toEqual([]);
  });

  it('S52 close inside a callback of the pool itself', async () => {
    const pool = await poolFor('echo', { size: 1 });
    const closed = new Promise<void>((resolve, reject) => {
      pool.on('saturated', () => void pool.close().then(resolve, reject));
    });
    expect(await pool.call('nap', [0.1, 'finished'])).toBe('finished');
    await closed;
    expect(await rejection(pool.call('echo', [1]))).toMatchObject({ code: 'pool-closed' });
  });

  it('S53 a script that forgets to close: Node exits by itself and leaves nothing', async () => {
    const script = `
      import { createPythonPool } from 'pypool';
      import { chosenTransport } from './src/transport.ts';
      const options = ${JSON.stringify(optionsFor('echo', { size: 2, minReady: 2 }))};
      const pool = await createPythonPool({ ...options, ...chosenTransport(${JSON.stringify(testFolder())}) });
      console.log(await pool.call('echo', ['done']));
    `;
    const host = spawn(
      process.execPath,
      ['--import', 'tsx', '--conditions=@pypool/source', '--input-type=module', '-e', script],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        cwd: fileURLToPath(new URL('..', import.meta.url)),
      },
    );
    const [output, [code]] = await Promise.all([text(host.stdout), once(host, 'exit')]);
    expect(output).toBe('done\n');
    expect(code).toBe(0);
    await until(
      'its workers are gone',
      () => processesWithEnv(testMark().name, testMark().value).length === 0,
    );
  });
});
