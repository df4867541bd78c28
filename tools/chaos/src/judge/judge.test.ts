import { describe, expect, it } from 'vitest';
import type { PypoolError } from 'pypool';

import { LedgerReader } from '../ledger/ledger.js';
import { CallRecords, type Verdict } from '../load/call-records.js';
import { CHECKS, judge } from './checks.js';
import type { Evidence } from './evidence.js';

/** How the one call of a case ended, unless it did not. */
interface OneCall {
  readonly verdict?: Exclude<Verdict, 'open'>;
  readonly code?: PypoolError['code'];
  readonly detail?: string;
  readonly idempotent?: boolean;
}

const NOTHING = { processes: [], descriptors: [], resources: [], listeners: [] };

/** Evidence of call 1, with nothing wrong but what is given. */
function evidence({ verdict, code, detail, idempotent = false }: OneCall, ledger: string): Evidence {
  const calls = new CallRecords();
  calls.begin('echo', { idempotent });
  if (verdict !== undefined) calls.settle(1, verdict, code, detail);
  const reader = new LedgerReader();
  reader.read(Buffer.from(ledger));
  return {
    calls,
    ledger: reader.end(),
    maxAttempts: 3,
    counted: { submitted: 1, succeeded: 1, failed: 0, retried: 0 },
    overfull: [],
    recovery: { size: 2, running: [10, 11], reported: [11, 10], refused: 0 },
    starts: { failures: new Map([['start-timeout', 5]]), reasons: new Set(), planted: 0 },
    prefetch: { isDue: true, sentAhead: 1 },
    inputs: [],
    busySessions: [],
    uncaught: [],
    closed: true,
    before: NOTHING,
    after: NOTHING,
  };
}

const RAN = 'S1 10\nE1 10\n';
const good = () => evidence({ verdict: 'result' }, RAN);

/** The names of the checks that find something. */
function foundBy(what: Evidence): string[] {
  return judge(what).flatMap(({ check, breaches }) => (breaches.length > 0 ? [check] : []));
}

/** For each check, evidence in which it finds something and no other does. */
const BREACHES: Readonly<Record<string, () => Evidence>> = {
  'settled-once': () => evidence({}, RAN),
  'own-result': () => {
    const one = good();
    one.calls.foreign(1, 'echo(1) returned [2]');
    return one;
  },
  'ran-once': () => evidence({ verdict: 'unknown', code: 'worker-exited' }, 'S1 10\nS1 11\nE1 11\n'),
  'result-ran': () => evidence({ verdict: 'result' }, 'S1 10\n'),
  'not-started': () => evidence({ verdict: 'not-started', code: 'aborted' }, 'S1 10\n'),
  finished: () => evidence({ verdict: 'finished', code: 'python-error', detail: 'ValueError' }, 'S1 10\n'),
  ledger: () => evidence({ verdict: 'result' }, `${RAN}S1`),
  places: () => ({ ...good(), overfull: ['worker a has 2 calls and 1 places'] }),
  counters: () => ({ ...good(), counted: { submitted: 1, succeeded: 0, failed: 0, retried: 0 } }),
  'back-at-size': () => ({ ...good(), recovery: { size: 2, running: [10], reported: [10, 11], refused: 0 } }),
  starts: () => ({
    ...good(),
    starts: { failures: new Map([['start-failed', 2]]), reasons: new Set(['no memory']), planted: 1 },
  }),
  'sent-ahead': () => ({ ...good(), prefetch: { isDue: true, sentAhead: 0 } }),
  inputs: () => ({ ...good(), inputs: ['input 1 was opened and never closed'] }),
  sessions: () => ({ ...good(), busySessions: ['session-1'] }),
  uncaught: () => ({ ...good(), uncaught: ['Error: nobody caught it'] }),
  closed: () => ({ ...good(), closed: false }),
  processes: () => ({ ...good(), after: { ...NOTHING, processes: ['10 S python3'] } }),
  descriptors: () => ({ ...good(), after: { ...NOTHING, descriptors: ['socket:[N]'] } }),
  timers: () => ({ ...good(), after: { ...NOTHING, resources: ['Timeout'] } }),
  listeners: () => ({ ...good(), after: { ...NOTHING, listeners: ['process.on(exit)'] } }),
};

describe('the judge', () => {
  it('finds nothing where nothing is wrong', () => {
    expect(foundBy(good())).toEqual([]);
  });

  it.each(CHECKS.map(({ name }) => name))('finds a breach of %s, and takes it for no other', (name) => {
    expect(BREACHES[name], 'every check has its case here').toBeDefined();
    expect(foundBy(BREACHES[name]!())).toEqual([name]);
  });

  it('counts all breaches and keeps some, where a million calls are lost', () => {
    const calls = new CallRecords();
    for (let n = 1; n <= 1_000_000; n += 1) calls.begin('echo');
    const [lost] = judge({ ...good(), calls });
    expect(lost).toMatchObject({ check: 'settled-once', count: 1_000_000 });
    expect(lost!.breaches).toHaveLength(1_000);
    expect(lost!.breaches[0]).toBe('call 1 (echo): open: settled 0 times');
  });

  it('allows a call that was promised nothing to have run or not', () => {
    for (const ledger of ['', 'S1 10\n', RAN])
      expect(foundBy(evidence({ verdict: 'unknown', code: 'worker-exited' }, ledger))).toEqual([]);
  });

  it('allows an idempotent call as many runs as it may have attempts', () => {
    const idempotent: OneCall = { verdict: 'result', idempotent: true };
    expect(foundBy(evidence(idempotent, `S1 10\nS1 11\n${RAN}`))).toEqual([]);
    expect(foundBy(evidence(idempotent, `S1 10\nS1 11\nS1 12\n${RAN}`))).toEqual(['ran-once']);
  });

  it('does not hold a worker without memory to its last line', () => {
    const starved: OneCall = { verdict: 'finished', code: 'python-error', detail: 'MemoryError' };
    expect(foundBy(evidence(starved, 'S1 10\n'))).toEqual([]);
  });

  it('does not hold an interrupted handler to its last line', () => {
    expect(foundBy(evidence({ verdict: 'finished', code: 'aborted' }, 'S1 10\n'))).toEqual([]);
  });

  it('counts a promise that settled twice', () => {
    const twice = good();
    twice.calls.settle(1, 'result');
    expect(foundBy(twice)).toEqual(['settled-once']);
  });

  it('finds a call in the ledger that nobody made', () => {
    expect(foundBy(evidence({ verdict: 'result' }, `${RAN}S7 10\n`))).toEqual(['ledger']);
  });

  it('takes a pool whose calls fail for one that is not back', () => {
    const refusing = { ...good(), recovery: { size: 1, running: [10], reported: [10], refused: 1 } };
    expect(foundBy(refusing)).toEqual(['back-at-size']);
  });

  it('asks of what was there before only that it has not grown', () => {
    const before = { ...NOTHING, descriptors: ['socket:[N]'] };
    expect(foundBy({ ...good(), before, after: before })).toEqual([]);
    const after = { ...NOTHING, descriptors: ['socket:[N]', 'socket:[N]'] };
    expect(foundBy({ ...good(), before, after })).toEqual(['descriptors']);
  });
});

describe('the ledger', () => {
  it('is read in whatever pieces it comes', () => {
    const text = Buffer.from('S1 10\nE1 10\nS70000 11\n');
    for (let at = 0; at <= text.length; at += 1) {
      const reader = new LedgerReader();
      reader.read(text.subarray(0, at));
      reader.read(text.subarray(at));
      const ledger = reader.end();
      expect([ledger.starts(1), ledger.ends(1), ledger.starts(70_000), ledger.ends(70_000)]).toEqual([
        1, 1, 1, 0,
      ]);
      expect(ledger).toMatchObject({ largest: 70_000, unreadable: [] });
    }
  });

  it('keeps what it cannot read', () => {
    const reader = new LedgerReader();
    reader.read(Buffer.from('S1 10\nX\nS2'));
    expect(reader.end().unreadable).toEqual(['X', 'S2']);
  });
});

describe('the records of calls', () => {
  it('keep what is told of each, however many there are', () => {
    const calls = new CallRecords();
    for (let n = 1; n <= 200_000; n += 1)
      calls.begin(n % 2 === 0 ? 'even' : 'odd', { idempotent: n % 3 === 0 });
    calls.settle(199_999, 'unknown', 'worker-exited');
    calls.settle(200_000, 'finished', 'python-error', 'ValueError');
    expect(calls).toMatchObject({ made: 200_000, open: 199_998 });
    expect(calls.describe(199_999)).toBe('call 199999 (odd): unknown, worker-exited');
    expect(calls.describe(200_000)).toBe('call 200000 (even): finished, python-error ValueError');
    expect([calls.isIdempotent(3), calls.isIdempotent(4)]).toEqual([true, false]);
    expect(calls.tally().get('finished')).toEqual(new Map([['python-error ValueError', 1]]));
  });
});
