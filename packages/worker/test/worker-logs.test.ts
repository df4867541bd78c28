import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { LogEvent, LoneWorker, OutputEvent } from '../src/index.js';
import { leavesNothing, workerFor } from './worker-for.js';

leavesNothing();
afterEach(() => vi.restoreAllMocks());

/** Collect what is logged; `until` resolves when `isLast` says so of an event, and fails where that never comes. */
function listen(worker: LoneWorker) {
  const events: LogEvent[] = [];
  worker.on('log', (event) => events.push(event));
  const until = async (isLast: (event: LogEvent) => boolean): Promise<LogEvent> => {
    for (let tries = 0; ; tries++) {
      const found = events.find(isLast);
      if (found !== undefined) return found;
      if (tries === 6_000) throw new Error(`not among ${events.length} events`);
      await wait(5);
    }
  };
  return { events, until };
}

describe('what Python prints', () => {
  it('arrives as lines, with the call that printed them', async () => {
    await using worker = await workerFor('print_in_calls');
    const { events, until } = listen(worker);
    const heard: OutputEvent[] = [];
    worker.on('output', (event) => heard.push(event));
    await Promise.all([worker.call('sell', ['tea']), worker.call('sell', ['bread'])]);
    await worker.call('sell_by_others', ['milk']);
    await until(({ message }) => message === 'another process sold milk');
    await worker.close();
    const said = (line: string) => events.find(({ message }) => message === line);
    const [tea, bread] = [said('sold tea')!, said('sold bread')!];
    expect(tea).toMatchObject({ source: 'stdout', function: 'sell', sessionId: null });
    expect(bread).toMatchObject({ source: 'stderr', function: 'sell', callId: tea.callId! + 1 });
    expect(said('another process sold milk')).toMatchObject({ callId: null, function: null });
    expect(heard.find(({ line }) => line === 'sold tea')).toEqual({
      workerId: worker.name,
      stream: 'stdout',
      line: 'sold tea',
      truncated: false,
      callId: tea.callId,
      function: 'sell',
      sessionId: null,
    });
    expect(heard.map(({ line }) => line).sort()).toEqual([
      'another process sold milk',
      'sold bread',
      'sold tea',
    ]);
  });
});

describe('what Python logs', () => {
  it('arrives with its call, and is not printed as well', async () => {
    await using worker = await workerFor('log_records', { name: 'shop-0.1' });
    const { events, until } = listen(worker);
    await worker.call('sell', ['tea']);
    await worker.call('sell_old', ['bread']);
    const warning = await until(({ source }) => source === 'warnings');
    expect(await until(({ message }) => message === 'sold tea')).toMatchObject({
      source: 'logging',
      level: 'WARNING',
      logger: 'shop',
      exception: null,
      function: 'sell',
      sessionId: null,
      workerId: 'shop-0.1',
      pid: worker.pid,
      slot: 0,
      handled: false,
      dropped: 0,
    });
    expect(warning.message).toMatch(/log_records\.py:\d+: UserWarning: bread is old$/);
    expect(warning.callId).toBeGreaterThan(events.find(({ message }) => message === 'sold tea')!.callId!);
    await worker.close();
    expect(events.filter(({ source }) => source === 'stdout' || source === 'stderr')).toEqual([]);
  });

  it('appears once on the stderr of the host while nobody listens, whoever writes it', async () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const worker = await workerFor('log_records', { name: 'shop' });
    await worker.call('sell', ['tea']);
    await worker.call('configure');
    await worker.call('sell', ['coffee']);
    await worker.close();
    const written = write.mock.calls.map(([text]) => String(text)).join('');
    vi.restoreAllMocks();
    expect(written.split('\n').filter(Boolean).sort()).toEqual([
      '[shop] WARNING shop: imported',
      '[shop] WARNING shop: sold tea',
      '[shop] WARNING sold coffee',
    ]);
  });

  it('is left to Python where it is off', async () => {
    const worker = await workerFor('log_records', { logLevel: 'off' });
    const { events } = listen(worker);
    await worker.call('sell', ['tea']);
    await worker.close();
    expect(events.map(({ source, message }) => [source, message])).toContainEqual(['stderr', 'sold tea']);
  });

  it('is dropped and counted where it comes faster than it can be sent, and holds up no result', async () => {
    await using worker = await workerFor('log_records');
    const { events } = listen(worker);
    expect(await worker.call('flood', [100_000])).toBe(100_000);
    // One that is sent has told of all that were dropped before it.
    let asked = 0;
    const isSold = ({ message }: LogEvent): boolean => message === 'sold the last';
    for (; !events.some(isSold); asked++) await worker.call('sell', ['the last']);
    const received = events.filter(({ message }) => message.startsWith('number ')).length;
    const dropped = events.reduce((sum, event) => sum + event.dropped, 0);
    expect(received).toBeGreaterThan(0);
    expect(received + dropped).toBeGreaterThanOrEqual(100_000);
    expect(received + dropped).toBeLessThan(100_000 + asked);
  });
});
