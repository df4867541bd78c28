import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPythonPool, type PythonPool } from 'pypool';
import { fakePool } from 'pypool/testing';
import { describe, expect, it } from 'vitest';
import { ATTR, CALL_BUCKETS, measurePool, METRIC, type ObservablePool } from '../src/index.js';
import { metricsInMemory, SHOP } from './collect.js';

type Collected = Awaited<ReturnType<ReturnType<typeof metricsInMemory>['collect']>>;

/** The data points of a metric: attributes and value, of a histogram its count. */
function points(metrics: Collected, name: string): [Record<string, unknown>, number][] {
  return (metrics.get(name)?.dataPoints ?? []).map(({ attributes, value }) => [
    attributes,
    typeof value === 'number' ? value : value.count,
  ]);
}

const IN_SHOP = { [ATTR.POOL_NAME]: 'shop' };

describe('a pool of Python workers', () => {
  it('is measured: calls by name and outcome, waits, workers, memory, sessions', async () => {
    const memory = metricsInMemory();
    const pool = await createPythonPool({ module: SHOP, size: 1, overflow: 2, start: 'lazy', name: 'shop' });
    pool.on('log', () => undefined);
    measurePool(pool, { meterProvider: memory.provider });
    await pool.call('sell', ['tea']);
    await pool.session('user-42').call('sell', ['tea']);
    await pool.call('fail', ['milk']).catch(() => undefined);
    for (const made of ['up-1', 'up-2']) await pool.call(made, []).catch(() => undefined);
    const metrics = await memory.collect();

    const of = (name: string) => ({ ...IN_SHOP, [ATTR.RPC_SYSTEM_NAME]: 'pypool', [ATTR.RPC_METHOD]: name });
    expect(points(metrics, METRIC.CALL_COUNT)).toEqual([
      [{ ...of('sell'), [ATTR.CALL_OUTCOME]: 'ok' }, 2],
      [{ ...of('fail'), [ATTR.CALL_OUTCOME]: 'finished' }, 1],
      [{ ...of('_OTHER'), [ATTR.CALL_OUTCOME]: expect.any(String) }, 2],
    ]);
    expect(points(metrics, METRIC.CALL_DURATION)).toEqual([
      [of('sell'), 2],
      [{ ...of('fail'), [ATTR.ERROR_TYPE]: 'builtins.ValueError' }, 1],
      [{ ...of('_OTHER'), [ATTR.ERROR_TYPE]: 'unknown-function' }, 2],
    ]);
    for (const name of [METRIC.QUEUE_WAIT, METRIC.WORKER_USE_TIME]) {
      expect(points(metrics, name), name).toEqual([[IN_SHOP, 5]]);
      expect(metrics.get(name)!.descriptor).toMatchObject({
        unit: 's',
        advice: { explicitBucketBoundaries: CALL_BUCKETS },
      });
    }
    expect(
      points(metrics, METRIC.WORKER_COUNT).map(([{ [ATTR.WORKER_STATE]: state }, count]) => [state, count]),
    ).toEqual([
      ['starting', 0],
      ['idle', 1],
      ['busy', 0],
      ['retiring', 0],
    ]);
    for (const [name, value] of [
      [METRIC.WORKER_STARTS, 1],
      [METRIC.WORKER_CREATE_TIME, 1],
      [METRIC.WORKER_MIN, 1],
      [METRIC.WORKER_MAX, 3],
      [METRIC.QUEUE_DEPTH, 0],
      [METRIC.CALL_RETRIES, 0],
      [METRIC.PREFETCH_TAKEN_BACK, 0],
      [METRIC.SESSION_COUNT, 1],
    ] as const) {
      expect(points(metrics, name), name).toEqual([[IN_SHOP, value]]);
    }
    if (process.platform === 'linux') {
      const [[, bytes] = []] = points(metrics, METRIC.WORKER_MEMORY);
      expect(bytes).toBeGreaterThan(2 ** 20);
    }

    await pool.close();
    const after = await memory.collect();
    expect(points(after, METRIC.WORKER_EXITS)).toEqual([[{ ...IN_SHOP, [ATTR.EXIT_REASON]: 'closing' }, 1]]);
    if (process.platform === 'linux') expect(points(after, METRIC.WORKER_MEMORY)).toEqual([[IN_SHOP, 0]]);
    await memory.close();
  });

  it.runIf(process.platform === 'linux')(
    'is measured: memory that is shared, which is used until Python has let go of what lies there',
    async () => {
      const memory = metricsInMemory();
      await using pool = await createPythonPool({ module: SHOP, size: 1, name: 'shop' });
      measurePool(pool, { meterProvider: memory.provider });
      const told = async () =>
        points(await memory.collect(), METRIC.SHARED_MEMORY).map(
          ([{ [ATTR.SHARED_MEMORY_STATE]: state, ...others }, bytes]) => {
            expect(others).toEqual(IN_SHOP);
            return [state, bytes];
          },
        );
      expect(await told()).toEqual([
        ['used', 0],
        ['free', 0],
      ]);

      const data = new Float64Array(2 ** 16);
      const shared = () => pool.status().workers[0]!.sharedMemory!;
      // The first has memory made for the next.
      while (shared().usedBytes === 0) await pool.call('keep', [data]);
      expect(shared()).toEqual({ bytes: data.byteLength, usedBytes: data.byteLength });
      expect(await told()).toEqual([
        ['used', data.byteLength],
        ['free', 0],
      ]);
      await pool.call('forget');
      while (shared().usedBytes > 0) await pool.call('forget');
      expect(await told()).toEqual([
        ['used', 0],
        ['free', data.byteLength],
      ]);
      await pool.close();
      expect(await told()).toEqual([
        ['used', 0],
        ['free', 0],
      ]);
      await memory.close();
    },
  );

  it('can be scraped by Prometheus, which sees no worker and no session', async () => {
    await using pool = await createPythonPool({ module: SHOP, size: 1, name: 'shop' });
    pool.on('log', () => undefined);
    const exporter = new PrometheusExporter({ host: '127.0.0.1', port: 0, preventServerStart: true });
    const provider = new MeterProvider({ readers: [exporter] });
    measurePool(pool, { meterProvider: provider });
    await exporter.startServer();
    await pool.session('user-42').call('sell', ['tea']);
    const page = await (await fetch(`http://127.0.0.1:${portOf(exporter)}/metrics`)).text();
    await provider.shutdown();
    const labels = `rpc_system_name="pypool",rpc_method="sell",pypool_pool_name="shop"`;
    expect(page).toContain(`rpc_client_call_duration_count{${labels}`);
    expect(page).toContain('rpc_client_call_duration_bucket');
    expect(page).toContain('le="0.00025"');
    expect(page).toMatch(/^pypool_call_count_total\{.*pypool_call_outcome="ok".*\} 1$/m);
    expect(page).toMatch(/^pypool_worker_count\{.*pypool_worker_state="idle".*\} 1$/m);
    expect(page).toMatch(/^pypool_session_count\{.*\} 1$/m);
    expect(page).not.toMatch(/user-42|shop-0/);
  });
});

/** Which port the system has given it: it does not tell. */
function portOf(exporter: PrometheusExporter): number {
  const { _server } = exporter as unknown as { _server: Server };
  return (_server.address() as AddressInfo).port;
}

describe('sessions', () => {
  it('are counted without a copy of them all, where their pool can say how many it has', async () => {
    const sessionsOf = async (sessions: NonNullable<ObservablePool['sessions']>) => {
      const memory = metricsInMemory();
      const { name, observe, status, stats, on, off } = pool;
      const end = measurePool(
        { name, observe, status, stats, on, off, sessions },
        { meterProvider: memory.provider },
      );
      const metrics = await memory.collect();
      end();
      await memory.close();
      return points(metrics, METRIC.SESSION_COUNT).map(([, count]) => count);
    };
    await using pool = fakePool({ f: () => 1 });
    for (const id of ['ann', 'ben']) pool.session(id);
    const { sessions } = pool;
    let copies = 0;
    const list = () => {
      copies += 1;
      return sessions.list();
    };
    const counting = {
      list,
      get size() {
        return sessions.size;
      },
    };
    expect([await sessionsOf(counting), copies]).toEqual([[2], 0]);
    expect([await sessionsOf({ list }), copies]).toEqual([[2], 1]);
  });
});

describe('labels', () => {
  /** The methods that calls of these are counted under. */
  async function methodsOf(pool: PythonPool, run: () => Promise<unknown>): Promise<unknown[]> {
    const memory = metricsInMemory();
    const end = measurePool(pool, { meterProvider: memory.provider });
    await run();
    const metrics = await memory.collect();
    end();
    await memory.close();
    return points(metrics, METRIC.CALL_COUNT).map(([attributes]) => attributes[ATTR.RPC_METHOD]);
  }

  it('are not made of names whose calls never began', async () => {
    await using pool = fakePool({ f: () => 1 }, { maxQueue: 0 });
    const options = { timeoutMs: 0 };
    const refused = (name: string) => pool.call(name, [], options).catch(() => undefined);
    expect(await methodsOf(pool, () => Promise.all(['a', 'b', 'c'].map(refused)))).toEqual(['_OTHER']);
    expect(
      await methodsOf(pool, async () => {
        await pool.call('f');
        await refused('f');
      }),
    ).toEqual(['f', 'f']);
  });

  it('are not made of names whose calls were ended before Python looked for the function', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pypool-telemetry-'));
    await using pool = await createPythonPool({ module: SHOP, size: 1, engine: 'async', concurrency: 2 });
    const opens = join(folder, 'opens');
    const methods = await methodsOf(pool, async () => {
      const busy = pool.call('holds_the_loop_until', [opens]);
      const abort = new AbortController();
      const ended = pool.call('made-up', [], { signal: abort.signal }).catch(() => undefined);
      abort.abort();
      await writeFile(opens, '');
      await Promise.all([busy, ended]);
    });
    await rm(folder, { recursive: true });
    expect(new Set(methods)).toEqual(new Set(['holds_the_loop_until', '_OTHER']));
  });

  it('are a thousand functions at most', async () => {
    const names = Array.from({ length: 1_200 }, (_, n) => `f${n}`);
    await using pool = fakePool(Object.fromEntries(names.map((name) => [name, () => 1])));
    const methods = await methodsOf(pool, async () => {
      for (const name of names) await pool.call(name);
    });
    expect(new Set(methods).size).toBe(1_001);
    expect(methods).toContain('_OTHER');
  });
});

it('says why workers left also of those that were about to when it began', async () => {
  const pool = fakePool({ f: () => 1 }, { name: 'shop' });
  await pool.ready();
  const memory = metricsInMemory();
  const closed = pool.close();
  measurePool(pool, { meterProvider: memory.provider });
  await closed;
  expect(points(await memory.collect(), METRIC.WORKER_EXITS)).toEqual([
    [{ ...IN_SHOP, [ATTR.EXIT_REASON]: 'closing' }, 1],
  ]);
  await memory.close();
});

it('says nothing once it has ended', async () => {
  await using pool = fakePool({ f: () => 1 });
  const memory = metricsInMemory();
  const end = measurePool(pool, { meterProvider: memory.provider });
  await pool.call('f');
  end();
  await pool.call('f');
  const metrics = await memory.collect();
  expect(points(metrics, METRIC.CALL_DURATION)).toMatchObject([[{}, 1]]);
  expect(points(metrics, METRIC.QUEUE_DEPTH)).toEqual([]);
  await memory.close();
});
