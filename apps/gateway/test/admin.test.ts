import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LiveListener } from './events.js';
import { gatewayFor, post } from './gateway-for.js';

const VERSION_1 = 'from pypool import expose\n@expose\ndef version(): return 1\n';
const VERSION_2 = `${VERSION_1.replace('1\n', '2\n')}@expose\ndef added(n: int): return n\n`;

it('reloads the module with no failed call, tells of new functions, and resizes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-'));
  const module = join(folder, 'versions.py');
  try {
    await writeFile(module, VERSION_1);
    await using gateway = await gatewayFor({ module, maxWorkers: 8 });
    const { url } = gateway;
    await using live = await LiveListener.of(url);
    const version = async () => (await post(`${url}/call/version`)).json();
    expect(await version()).toBe(1);
    expect((await post(`${url}/call/added`, { n: 1 })).status).toBe(404);

    await writeFile(module, VERSION_2);
    let reloading = true;
    const reload = post(`${url}/admin/reload`).finally(() => (reloading = false));
    const versions = new Set<unknown>();
    while (reloading) versions.add(await version());
    expect(await (await reload).json()).toEqual({ reloadMs: expect.any(Number) });
    expect([...versions].every((each) => each === 1 || each === 2)).toBe(true);
    expect(await version()).toBe(2);
    expect(await (await post(`${url}/call/added`, { n: 5 })).json()).toBe(5);
    const functions = await live.next('functions');
    expect(functions.map(({ name }: { name: string }) => name)).toEqual(['added', 'version']);
    const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: object };
    expect(Object.keys(paths)).toContain('/call/added');

    expect(await (await post(`${url}/admin/resize`, { size: 2 })).json()).toEqual({ size: 2 });
    await live.next('workers', (workers) => workers.length === 2);
    expect(await (await post(`${url}/admin/resize`, { size: 9 })).json()).toMatchObject({
      status: 400,
      errors: [{ field: 'size', message: 'may be at most 8 here' }],
    });
    for (const size of ['2', undefined, -1, 1.5, 0, 1e9]) {
      const response = await post(`${url}/admin/resize`, { size });
      expect([response.status, response.headers.get('content-type')], String(size)).toEqual([
        400,
        'application/problem+json; charset=utf-8',
      ]);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
