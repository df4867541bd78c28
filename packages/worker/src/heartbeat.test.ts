import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { WorkerEventHub } from './events.js';
import { Heartbeat } from './heartbeat.js';
import type { ProcessWorker } from './life/process-worker.js';

/** The part of a worker that a heartbeat knows. */
function patient(id: string): { worker: ProcessWorker; pings: number[] } {
  const pings: number[] = [];
  const worker = { id, ping: (n: number) => pings.push(n) } as unknown as ProcessWorker;
  return { worker, pings };
}

function home(intervalMs: number): { heartbeat: Heartbeat; told: string[] } {
  const hub = new WorkerEventHub();
  const told: string[] = [];
  hub.on('worker-suspect', ({ workerId, silentMs }) => told.push(`${workerId} suspect ${silentMs}`));
  hub.on('worker-recovered', ({ workerId }) => told.push(`${workerId} recovered`));
  return { heartbeat: new Heartbeat(hub, intervalMs), told };
}

/** One beat, and the turn after it in which what has arrived is read. */
async function beat(intervalMs = 100, meanwhile = (): void => undefined): Promise<void> {
  vi.advanceTimersByTime(intervalMs);
  meanwhile();
  await new Promise((resolve) => setImmediate(resolve));
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

it('asks every worker at every beat, with one timer', async () => {
  const { heartbeat, told } = home(100);
  const [a, b] = [patient('a'), patient('b')];
  heartbeat.add(a.worker);
  heartbeat.add(b.worker);
  expect(vi.getTimerCount()).toBe(1);
  for (let n = 1; n <= 3; n++) {
    await beat();
    heartbeat.answered(a.worker, n);
    heartbeat.answered(b.worker, n);
  }
  expect(a.pings).toEqual([1, 2, 3]);
  expect(b.pings).toEqual([1, 2, 3]);
  expect(told).toEqual([]);
  heartbeat.remove(a.worker);
  expect(vi.getTimerCount()).toBe(1);
  heartbeat.remove(b.worker);
  expect(vi.getTimerCount()).toBe(0);
});

it('suspects a silent worker once, does not pile pings up, and says when it answers', async () => {
  const { heartbeat, told } = home(100);
  const { worker, pings } = patient('a');
  heartbeat.add(worker);
  for (let n = 0; n < 4; n++) await beat();
  expect(pings).toEqual([1]);
  expect(told).toEqual(['a suspect 100']);
  heartbeat.answered(worker, 99);
  expect(told).toHaveLength(1);
  heartbeat.answered(worker, 1);
  expect(told).toEqual(['a suspect 100', 'a recovered']);
  await beat();
  expect(pings).toHaveLength(2);
  heartbeat.remove(worker);
});

it('blames nobody whose answer had arrived when Node looked too late', async () => {
  const { heartbeat, told } = home(100);
  const { worker } = patient('a');
  heartbeat.add(worker);
  await beat();
  await beat(100, () => heartbeat.answered(worker, 1));
  expect(told).toEqual([]);
  heartbeat.remove(worker);
});

it.each([0, Infinity])('asks nobody with an interval of %s', (intervalMs) => {
  const { heartbeat } = home(intervalMs);
  heartbeat.add(patient('a').worker);
  expect(vi.getTimerCount()).toBe(0);
});
