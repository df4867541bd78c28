import { describe, expect, it } from 'vitest';
import type { LiveFailure, LiveLog, LiveSample, LiveWorker } from '../../../src/live/messages.js';
import type { NamedMessage } from './feed.js';
import { NOTHING_KNOWN, receive, WINDOW_SECONDS, type PageState } from './page-state.js';

const after = (...messages: NamedMessage[]): PageState => messages.reduce(receive, NOTHING_KNOWN);

const second = (time: number): LiveSample => ({
  time: time * 1000,
  calls: 7,
  failures: 0,
  p50Ms: 1,
  p99Ms: 2,
  queued: 0,
  running: 1,
});
const failure = (time: number, message: string): LiveFailure => ({
  time,
  function: 'divide',
  category: 'python',
  code: 'python-error',
  outcome: 'finished',
  message,
});
const worker = (facts: Partial<LiveWorker>): LiveWorker => ({
  id: 'w1',
  slot: 0,
  state: 'ready',
  since: 1,
  overflow: false,
  running: [],
  ahead: 0,
  calls: 0,
  restarts: 0,
  ...facts,
});
const log = (text: string): LiveLog => ({ time: 1, level: 'info', source: 'logging', worker: 'w1', text });

describe('what the page knows', () => {
  it('has a second for each that has passed: of the past nothing was called in those left out, of now nobody knows', () => {
    const history = { samples: [second(100), second(103)], failures: [], logs: [] };
    const { samples } = after(
      { name: 'history', message: history },
      { name: 'sample', message: second(104) },
      { name: 'sample', message: second(106) },
    );
    expect(samples.map(({ time, calls }) => [time / 1000, calls])).toEqual([
      [100, 7],
      [101, 0],
      [102, 0],
      [103, 7],
      [104, 7],
      [105, null],
      [106, 7],
    ]);
  });

  it('takes a second once, and forgets what is older than the charts show', () => {
    const first = after({ name: 'sample', message: second(5) }, { name: 'sample', message: second(5) });
    expect(first.samples).toHaveLength(1);
    const late = receive(first, { name: 'sample', message: second(1_000_000) });
    expect(late.samples).toHaveLength(WINDOW_SECONDS);
    expect(late.samples[0]?.time).toBe((1_000_001 - WINDOW_SECONDS) * 1000);
  });

  it('counts failures that are alike, in their place, with the latest of them', () => {
    const { failures } = after(
      { name: 'failure', message: failure(1, 'division by zero') },
      { name: 'failure', message: failure(2, 'no such user') },
      { name: 'failure', message: failure(3, 'division by zero') },
    );
    expect(
      failures.map(({ count, firstTime, latest }) => [latest.message, count, firstTime, latest.time]),
    ).toEqual([
      ['no such user', 1, 2, 2],
      ['division by zero', 2, 1, 3],
    ]);
  });

  it('takes calls that ran out of time for alike, whatever the milliseconds, and errors of Python only where they say the same', () => {
    const late = (time: number): LiveFailure => ({
      ...failure(time, `The timeoutMs (200 ms) of call "divide" passed ${time} ms after it was made.`),
      category: 'timeout',
      code: 'deadline-exceeded',
    });
    const all = [late(201), late(203.5), failure(1, 'no user 41'), failure(2, 'no user 42')];
    const { failures } = after(...all.map((message) => ({ name: 'failure' as const, message })));
    expect(failures.map(({ count }) => count)).toEqual([1, 1, 2]);
  });

  it('starts over with the history that a new connection begins with', () => {
    const history = { samples: [second(1)], failures: [failure(1, 'again')], logs: [log('again')] };
    const { failures, logs, samples } = after(
      { name: 'history', message: history },
      { name: 'log', message: log('later') },
      { name: 'history', message: history },
    );
    expect([failures.length, logs.length, samples.length]).toEqual([1, 1, 1]);
    expect(failures[0]?.count).toBe(1);
  });

  it('keeps a thousand lines of log, and numbers them for good', () => {
    let state = NOTHING_KNOWN;
    for (let n = 1; n <= 1_005; n += 1) state = receive(state, { name: 'log', message: log(String(n)) });
    expect(state.logs).toHaveLength(1_000);
    expect(state.logs.at(0)).toMatchObject({ text: '6', number: 6 });
    expect(state.logs.at(-1)).toMatchObject({ text: '1005', number: 1005 });
  });

  it('remembers who died in a slot, also when another has taken it in the same moment', () => {
    const dead = worker({ id: 'w1', state: 'gone', reason: 'died (SIGKILL)' });
    const state = after(
      { name: 'workers', message: [dead, worker({ id: 'w9', slot: 1, state: 'gone', reason: 'stopped' })] },
      { name: 'workers', message: [worker({ id: 'w2', state: 'starting' })] },
    );
    expect([...state.deaths]).toEqual([[0, dead]]);
    expect(receive(state, { name: 'workers', message: [dead] }).deaths).toBe(state.deaths);
  });

  it('passes over what a newer server tells', () => {
    const state = after({ name: 'sample', message: second(1) });
    expect(receive(state, { name: 'news', message: {} } as never)).toBe(state);
  });
});
