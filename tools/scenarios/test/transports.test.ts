import { randomBytes } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isPypoolError, type PythonPoolOptions } from 'pypool';
import { describe, expect, it } from 'vitest';
import { pidsOf, poolFor, program, rejection, testFolder, type ScenarioOptions } from '../src/pool-for.js';
import { choice } from '../src/transport.js';

// What differs from bytes in inherited pipes, in short. `npm run scenarios -- --transport NAME` runs all scenarios over one.
for (const name of ['socket', 'tls']) {
  const over = (options: ScenarioOptions = {}): ScenarioOptions & Pick<PythonPoolOptions, 'transport'> => ({
    size: 1,
    ...choice(name)(testFolder()),
    ...options,
  });

  describe(`over the transport ${name}`, () => {
    it('carries values, large buffers and streams', async () => {
      await using pool = await poolFor(
        'stream',
        over({ module: { '': program('stream'), echo: program('echo') } }),
      );
      expect(await pool.call('echo.echo', [{ a: [1, 'ä', null] }])).toEqual({ a: [1, 'ä', null] });
      const large = randomBytes(4 * 1024 * 1024);
      expect(large.equals(await pool.call<Buffer>('echo.echo', [large]))).toBe(true);
      const items: number[] = [];
      for await (const item of pool.stream<number>('count', [5000])) items.push(item);
      expect(items).toEqual([...Array(5000).keys()]);
    });

    it('runs many calls at once in the async and the threads engine', async () => {
      for (const engine of ['async', 'threads'] as const) {
        await using pool = await poolFor('echo', over({ engine, concurrency: 8 }));
        const texts = Array.from({ length: 200 }, (_, at) => `${at}`.repeat(at * 20));
        expect(await Promise.all(texts.map((text) => pool.call('echo', [text])))).toEqual(texts);
      }
    });

    it('ends a call that sleeps, and the worker serves on', async () => {
      await using pool = await poolFor('echo', over());
      const [pid] = pidsOf(pool);
      const controller = new AbortController();
      const napping = rejection(pool.call('nap', [600], { signal: controller.signal }));
      setImmediate(() => controller.abort());
      expect(await napping).toMatchObject({ code: 'aborted' });
      expect(await pool.call('pid')).toBe(pid);
    });

    it('tells of a worker that is killed, and has another dial in', async () => {
      await using pool = await poolFor('echo', over());
      const [pid] = pidsOf(pool);
      const napping = rejection(pool.call('nap', [600]));
      process.kill(pid!, 'SIGKILL');
      expect(await napping).toMatchObject({ code: 'worker-exited', outcome: 'unknown' });
      expect(await pool.call('pid')).not.toBe(pid);
    });

    it('tells the last words of an interpreter that ends before it dials', async () => {
      const python = join(testFolder(), 'python');
      writeFileSync(python, '#!/bin/sh\necho "no luck today" >&2\nexit 3\n');
      chmodSync(python, 0o755);
      const error = await rejection(poolFor('echo', over({ python })));
      expect(isPypoolError(error) && error.message).toMatch(/exit code 3[^]*no luck today/);
    });
  });
}
