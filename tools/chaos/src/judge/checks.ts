import { added } from './host-state.js';
import { isBack, type Evidence } from './evidence.js';

/** One promise that the pool makes, and how a breach of it is found. */
export interface Check {
  readonly name: string;
  /** What holds where it finds nothing. */
  readonly says: string;
  /** @returns a line for each breach; of a million calls there may be as many */
  readonly find: (evidence: Evidence) => Iterable<string>;
}

/** The line for each call of which something is so. */
function* callsWhere(
  { calls }: Evidence,
  isSo: (seq: number) => boolean,
  what: (seq: number) => string,
): Iterable<string> {
  for (let seq = 1; seq <= calls.made; seq += 1) {
    if (isSo(seq)) yield `${calls.describe(seq)}: ${what(seq)}`;
  }
}

/**
 * A worker short of memory may fail to write its line. The handler's error tells; any other handler writes whatever happens, for
 * writing is the first and the last thing that it does.
 */
function wasShortOfMemory({ calls }: Evidence, seq: number): boolean {
  return calls.code(seq).endsWith('MemoryError');
}

/** A call that was interrupted: the interrupt may have come where its handler was about to write its last line. */
function wasInterrupted({ calls }: Evidence, seq: number): boolean {
  return /^(aborted|deadline-exceeded|execution-timeout|item-timeout)$/.test(calls.code(seq));
}

/** What a run is judged by, in the order in which it is told. */
export const CHECKS: readonly Check[] = [
  {
    name: 'settled-once',
    says: 'every promise settled exactly once',
    find: (evidence) =>
      callsWhere(
        evidence,
        (seq) => evidence.calls.timesSettled(seq) !== 1,
        (seq) => `settled ${evidence.calls.timesSettled(seq)} times`,
      ),
  },
  {
    name: 'own-result',
    says: 'every result and every item belongs to its call',
    find: ({ calls }) => calls.foreigners.map(({ seq, what }) => `${calls.describe(seq)}: ${what}`),
  },
  {
    name: 'ran-once',
    says: 'no call ran twice that is not idempotent',
    find: (evidence: Evidence): Iterable<string> => {
      const { calls, ledger, maxAttempts } = evidence;
      const allowed = (seq: number) => (calls.isIdempotent(seq) ? maxAttempts : 1);
      return callsWhere(
        evidence,
        (seq) => ledger.starts(seq) > allowed(seq),
        (seq) => `ran ${ledger.starts(seq)} times, ${allowed(seq)} allowed`,
      );
    },
  },
  {
    name: 'result-ran',
    says: 'every result is of a handler that ran to its end',
    find: (evidence) =>
      callsWhere(
        evidence,
        (seq) => evidence.calls.verdict(seq) === 'result' && evidence.ledger.ends(seq) === 0,
        (seq) => `began ${evidence.ledger.starts(seq)} times and never ended`,
      ),
  },
  {
    name: 'not-started',
    says: 'what is told to be not-started never ran',
    find: (evidence) =>
      callsWhere(
        evidence,
        (seq) => evidence.calls.verdict(seq) === 'not-started' && evidence.ledger.starts(seq) > 0,
        (seq) => `ran ${evidence.ledger.starts(seq)} times`,
      ),
  },
  {
    name: 'finished',
    says: 'what is told to be finished ended',
    find: (evidence) =>
      callsWhere(
        evidence,
        (seq) =>
          evidence.calls.verdict(seq) === 'finished' &&
          evidence.ledger.ends(seq) === 0 &&
          !wasShortOfMemory(evidence, seq) &&
          !wasInterrupted(evidence, seq),
        (seq) => `began ${evidence.ledger.starts(seq)} times and never ended`,
      ),
  },
  {
    name: 'ledger',
    says: 'the ledger is whole, and of these calls alone',
    find: ({ calls, ledger }) => [
      ...ledger.unreadable.map((line) => `unreadable: ${line.slice(0, 80)}`),
      ...(ledger.largest > calls.made ? [`call ${ledger.largest} ran, ${calls.made} were made`] : []),
    ],
  },
  {
    name: 'places',
    says: 'no worker has more calls than places, and the pool no more workers than it may',
    find: ({ overfull }) => overfull,
  },
  {
    name: 'counters',
    says: 'what the pool counted is what was called',
    find: ({ calls, counted }: Evidence): readonly string[] => {
      const { submitted, succeeded, failed } = counted;
      if (submitted === calls.made && succeeded + failed === submitted) return [];
      return [
        `${calls.made} calls made; counted: ${submitted} submitted, ${succeeded} succeeded, ${failed} failed`,
      ];
    },
  },
  {
    name: 'back-at-size',
    says: 'the pool is back at its size, by the operating system, and serves',
    find: ({ recovery }: Evidence): readonly string[] => {
      const { size, running, reported, refused } = recovery;
      if (isBack(recovery)) return [];
      return [
        `${size} workers wanted; running: ${running.join(' ')}; reported: ${reported.join(' ')}; ${refused} calls failed`,
      ];
    },
  },
  {
    name: 'starts',
    says: 'no start failed but those that were to, or were too slow',
    find: ({ starts }: Evidence): readonly string[] => {
      const failed = starts.failures.get('start-failed') ?? 0;
      if (failed <= starts.planted) return [];
      return [`${failed} starts failed, ${starts.planted} were to: ${[...starts.reasons].join(' | ')}`];
    },
  },
  {
    name: 'sent-ahead',
    says: 'calls were sent ahead where they are short and may be',
    find: ({ prefetch: { isDue, sentAhead } }) =>
      isDue && sentAhead === 0 ? ['none was, so that the run says nothing of prefetch'] : [],
  },
  {
    name: 'inputs',
    says: 'every input that was opened ended or was closed, once',
    find: ({ inputs }) => inputs,
  },
  {
    name: 'sessions',
    says: 'no session has calls in flight',
    find: ({ busySessions }) => busySessions,
  },
  { name: 'uncaught', says: 'no error went uncaught', find: ({ uncaught }) => uncaught },
  {
    name: 'closed',
    says: 'close() ended',
    find: ({ closed }) => (closed ? [] : ['close() did not resolve']),
  },
  {
    name: 'processes',
    says: 'no process is left',
    find: ({ before, after }) => added(before.processes, after.processes),
  },
  {
    name: 'descriptors',
    says: 'no descriptor is left',
    find: ({ before, after }) => added(before.descriptors, after.descriptors),
  },
  {
    name: 'timers',
    says: 'no timer or other handle is left',
    find: ({ before, after }) => added(before.resources, after.resources),
  },
  {
    name: 'listeners',
    says: 'no listener is left',
    find: ({ before, after }) => added(before.listeners, after.listeners),
  },
];

/** The breaches that one check found. */
export interface Finding {
  readonly check: string;
  readonly says: string;
  /** How many there are. */
  readonly count: number;
  /** The first of them. */
  readonly breaches: readonly string[];
}

/** Breaches of one check that are kept. */
const KEPT = 1_000;

/** Ask every check. */
export function judge(evidence: Evidence): Finding[] {
  return CHECKS.map(({ name, says, find }) => {
    const breaches: string[] = [];
    let count = 0;
    for (const breach of find(evidence)) if (++count <= KEPT) breaches.push(breach);
    return { check: name, says, count, breaches };
  });
}
