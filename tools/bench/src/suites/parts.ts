import {
  FrameDecoder,
  FrameEncoder,
  FrameType,
  REQUEST_TYPES,
  type Frame,
  type OutgoingCall,
} from '@pypool/protocol';
import { fifo, type QueuedCall } from '@pypool/pool';

// Nobody but the bench needs these by themselves.
import { Deadlines } from '../../../../packages/pool/src/call/deadlines.js';
import { defaultTerms } from '../../../../packages/pool/src/call/call-terms.js';
import { PendingValue } from '../../../../packages/pool/src/call/pending-value.js';
import { systemClock } from '../../../../packages/pool/src/clock/system-clock.js';
import { CallTable } from '../../../../packages/worker/src/calls/call-table.js';
import { startAll, type Plan } from '../measure/alternate.js';
import { ratioOf } from '../measure/noise.js';
import { spread } from '../measure/statistics.js';
import { part } from '../subjects/part.js';
import type { Subject } from '../subjects/subject.js';
import type { Suite } from './suite.js';

const FULL: Plan = { rounds: 9, warmUpCalls: 40_000, blocks: 20, callsPerBlock: 2_000 };
const QUICK: Plan = { rounds: 3, warmUpCalls: 10_000, blocks: 5, callsPerBlock: 2_000 };

const FEW = 10;
const MANY = 100_000;

/** Frames that leave in one write. */
const BATCH = 32;

/** Memory that is in no cache takes some ten times as long; what is looked through for each call grows as there is more of it, ten thousand times. */
const GROWTH_GOAL = 100;

/** The parts that every call passes through, each by itself. */
export const parts: Suite = {
  name: 'parts',
  summary: 'frames, call table, queue and deadlines: what each takes by itself',
  pinned: true,
  async run({ quick, pinning, signal, progress }) {
    const [queue, deadlines] = [pair('queue', queueOf), pair('deadlines', deadlinesOf)];
    const tables = [1, 64].map((open) => part(`call table, ${open} open`, () => tableOf(open)));
    const subjects: Subject[] = [
      part('frame encoder', encoding),
      part('frame decoder', decoding),
      ...tables,
      queue.few,
      queue.many,
      deadlines.few,
      deadlines.many,
    ];
    await using lineup = await startAll(subjects, pinning);
    progress('measuring');
    const times = await lineup.measure(quick ? QUICK : FULL, signal);
    return {
      rows: Array.from(times, ([subject, values]) => ({
        suite: 'parts',
        case: 'one frame, or one call in and out',
        subject,
        metric: 'time',
        unit: 'us',
        ...spread(values),
      })),
      ratios: [queue, deadlines].map(({ few, many }) => {
        const value = ratioOf(times, many.name, few.name);
        const name = `${many.name} / ${few.name}`;
        return { name, value, goal: GROWTH_GOAL, holds: value <= GROWTH_GOAL };
      }),
      notes: [],
    };
  },
};

interface Pair {
  readonly few: Subject;
  readonly many: Subject;
}

function pair(name: string, make: (waiting: number) => (count: number) => void): Pair {
  const of = (waiting: number): Subject => part(`${name}, ${waiting}`, () => make(waiting));
  return { few: of(FEW), many: of(MANY) };
}

function encoding(): (count: number) => void {
  const encoder = new FrameEncoder();
  return (count) => {
    for (let made = 0; made < count; made += 1) {
      encoder.push(frameOf(made + 1));
      if (made % BATCH === BATCH - 1) encoder.take();
    }
    encoder.take();
  };
}

function decoding(): (count: number) => void {
  const encoder = new FrameEncoder();
  for (let id = 1; id <= BATCH; id += 1) encoder.push(frameOf(id));
  const bytes = Buffer.concat(encoder.take());
  let frames = 0;
  const decoder = new FrameDecoder({ accepts: REQUEST_TYPES, onFrame: () => (frames += 1) });
  return (count) => {
    const until = frames + count;
    while (frames < until) decoder.push(bytes);
  };
}

function frameOf(callId: number): Frame {
  return {
    type: FrameType.CALL,
    tagged: false,
    callId,
    envelope: '["echo",["hello"],null,{"deadline":1700000000000}]',
    buffers: [],
  };
}

function tableOf(open: number): (count: number) => void {
  const table = new CallTable(1, () => undefined);
  const call = { kind: 'call', name: 'echo', credit: 0 } as OutgoingCall;
  const ids: number[] = [];
  const add = (): void => void ids.push(table.add(call).id);
  for (let waiting = 1; waiting < open; waiting += 1) add();
  return (count) => {
    for (let made = 0; made < count; made += 1) {
      add();
      table.remove(table.get(ids.shift()!)!);
    }
  };
}

function queueOf(waiting: number): (count: number) => void {
  const queue = fifo().create();
  const call = maker();
  for (let made = 0; made < waiting; made += 1) queue.add(call());
  return (count) => {
    for (let made = 0; made < count; made += 1) {
      queue.add(queue.take()!);
    }
  };
}

function deadlinesOf(open: number): (count: number) => void {
  const deadlines = new Deadlines(systemClock, () => undefined);
  const call = maker();
  const calls: PendingValue[] = [];
  let oldest = 0;
  const add = (): void => {
    const made = call();
    deadlines.add(made, made.submittedAt);
    calls[oldest] = made;
    oldest = (oldest + 1) % open;
  };
  for (let made = 0; made < open; made += 1) add();
  return (count) => {
    for (let made = 0; made < count; made += 1) {
      const settled = calls[oldest]!;
      settled.state = 'settled';
      deadlines.settled(settled);
      add();
    }
  };
}

/** Makes calls with the budgets of a pool that has long been up. */
function maker(): () => PendingValue & QueuedCall {
  const terms = defaultTerms(
    { at: 0, startTimeoutMs: 120_000 },
    { timeoutMs: 60_000, checkoutTimeoutMs: 10_000, executionTimeoutMs: 45_000, itemTimeoutMs: Infinity },
  );
  let made = 0;
  return () => new PendingValue(++made, 'echo', [], terms, performance.now());
}
