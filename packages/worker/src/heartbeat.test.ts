import type { PypoolError } from '@pypool/protocol';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { WorkerEventHub } from './events.js';
import { Heartbeat, type Patient } from './heartbeat.js';

/** The part of a worker that a heartbeat knows. */
class Sick implements Patient {
  readonly pid = 4711;
  readonly pings: number[] = [];
  readonly killedBy: (PypoolError | undefined)[] = [];
  state: Patient['state'] = 'ready';
  idle = false;
  stopped = false;

  constructor(readonly id = 'a') {}

  ping(n: number): void {
    this.pings.push(n);
  }

  kill(reason?: PypoolError): Promise<never> {
    this.killedBy.push(reason);
    this.state = 'dying';
    return new Promise(() => undefined);
  }
}

const home = (intervalMs: number, unresponsiveTimeoutMs = 250): { heartbeat: Heartbeat; told: string[] } => {
  const hub = new WorkerEventHub();
  const told: string[] = [];
  hub.on('worker-suspect', ({ workerId, silentMs, stopped }) =>
    told.push(`${workerId} suspect ${silentMs}${stopped ? ' stopped' : ''}`),
  );
  hub.on('worker-recovered', ({ workerId }) => told.push(`${workerId} recovered`));
  return { heartbeat: new Heartbeat(hub, { intervalMs, unresponsiveTimeoutMs }), told };
};

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
  const [a, b] = [new Sick('a'), new Sick('b')];
  heartbeat.add(a);
  heartbeat.add(b);
  expect(vi.getTimerCount()).toBe(1);
  for (let n = 1; n <= 3; n++) {
    await beat();
    heartbeat.answered(a, n);
    heartbeat.answered(b, n);
  }
  expect(a.pings).toEqual([1, 2, 3]);
  expect(b.pings).toEqual([1, 2, 3]);
  expect(told).toEqual([]);
  heartbeat.remove(a);
  expect(vi.getTimerCount()).toBe(1);
  heartbeat.remove(b);
  expect(vi.getTimerCount()).toBe(0);
});

it('suspects a silent worker once, does not pile pings up, and says when it answers', async () => {
  const { heartbeat, told } = home(100);
  const worker = new Sick();
  const { pings } = worker;
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
  const worker = new Sick();
  heartbeat.add(worker);
  await beat();
  await beat(100, () => heartbeat.answered(worker, 1));
  expect(told).toEqual([]);
  heartbeat.remove(worker);
});

it.each([0, Infinity])('asks nobody with an interval of %s', (intervalMs) => {
  const { heartbeat } = home(intervalMs);
  heartbeat.add(new Sick());
  expect(vi.getTimerCount()).toBe(0);
});

/** So many beats, none of them answered. */
async function beats(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await beat();
}

it('never ends a worker that runs a call, however long it is silent', async () => {
  const { heartbeat, told } = home(100);
  const worker = new Sick();
  heartbeat.add(worker);
  await beats(50);
  expect(worker.killedBy).toEqual([]);
  expect(told).toEqual(['a suspect 100']);
  heartbeat.remove(worker);
});

it('ends one whose process was stopped for so long, call or not', async () => {
  const { heartbeat, told } = home(100);
  const worker = new Sick();
  worker.stopped = true;
  heartbeat.add(worker);
  // Asked at the first, seen at the second.
  await beats(4);
  expect(worker.killedBy).toEqual([]);
  await beats(1);
  expect(worker.killedBy).toMatchObject([
    {
      code: 'worker-unresponsive',
      outcome: 'unknown',
      message: expect.stringContaining('longer than unresponsiveTimeoutMs (250 ms)') as string,
      context: { workerId: 'a', pid: 4711, stopped: true },
    },
  ]);
  expect(told).toEqual(['a suspect 100 stopped']);
  await beats(5);
  expect(worker.killedBy).toHaveLength(1);
  heartbeat.remove(worker);
});

it('counts anew once a stopped one goes on, also without an answer', async () => {
  const { heartbeat } = home(100);
  const worker = new Sick();
  heartbeat.add(worker);
  for (let n = 0; n < 5; n++) {
    worker.stopped = true;
    await beats(3);
    worker.stopped = false;
    await beats(1);
  }
  expect(worker.killedBy).toEqual([]);
  heartbeat.remove(worker);
});

it('ends one that is silent with nothing to do, after three heartbeats at least', async () => {
  for (const [limitMs, needed] of [
    [0, 4],
    [250, 5],
  ] as const) {
    const { heartbeat } = home(100, limitMs);
    const worker = new Sick();
    worker.idle = true;
    heartbeat.add(worker);
    await beats(needed - 1);
    expect(worker.killedBy).toEqual([]);
    await beats(1);
    expect(worker.killedBy).toMatchObject([{ code: 'worker-unresponsive', context: { stopped: false } }]);
    heartbeat.remove(worker);
  }
});

it('counts anew for one that has had a call meanwhile', async () => {
  const { heartbeat } = home(100);
  const worker = new Sick();
  heartbeat.add(worker);
  for (let n = 0; n < 5; n++) {
    worker.idle = true;
    await beats(3);
    worker.idle = false;
    await beats(1);
  }
  expect(worker.killedBy).toEqual([]);
  heartbeat.remove(worker);
});

it('ends nobody with a limit of Infinity, and one that is stopped at the first look with 0', async () => {
  for (const [limitMs, kills] of [
    [Infinity, 0],
    [0, 1],
  ] as const) {
    const { heartbeat } = home(100, limitMs);
    const worker = new Sick();
    worker.stopped = worker.idle = true;
    heartbeat.add(worker);
    await beats(limitMs === 0 ? 2 : 50);
    expect(worker.killedBy).toHaveLength(kills);
    heartbeat.remove(worker);
  }
});

it('blames nobody after a stall of Node, and gives a new interval', async () => {
  const { heartbeat, told } = home(100);
  const worker = new Sick();
  worker.stopped = true;
  heartbeat.add(worker);
  await beat();
  // The loop is blocked: one beat, and that late.
  const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 1_000);
  vi.advanceTimersByTime(100);
  await new Promise((resolve) => setImmediate(resolve));
  expect([told, worker.pings.length]).toEqual([[], 1]);
  const after = performance.now();
  clock.mockReturnValue(after + 100);
  vi.advanceTimersByTime(100);
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toEqual(['a suspect 100 stopped']);
  expect(worker.killedBy).toEqual([]);
  clock.mockRestore();
  heartbeat.remove(worker);
});

it('judges nobody who is on the way out', async () => {
  const { heartbeat, told } = home(100, 0);
  const worker = new Sick();
  worker.state = 'dying';
  worker.stopped = true;
  heartbeat.add(worker);
  await beats(5);
  expect([told, worker.killedBy]).toEqual([[], []]);
  heartbeat.remove(worker);
});
