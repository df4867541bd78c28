import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { pinToOneCoreEach } from '../../machine/pinning.js';
import { startAll } from '../../measure/alternate.js';
import type { Plan } from '../../measure/alternate.js';
import type { SelfTimes } from '../../measure/profile.js';
import { spread } from '../../measure/statistics.js';
import { noiseOf, NOISE_LIMIT, percent, ratioOf } from '../../measure/noise.js';
import type { SuiteResult } from '../../report/result.js';
import { reaped } from '../../subjects/child.js';
import type { RunningSubject, Subject } from '../../subjects/subject.js';
import type { SuiteContext } from '../suite.js';
import { costliest, largestGrowth } from './growth.js';

const FEW = 10;
const MANY = 100_000;

const FULL: Plan = { rounds: 9, blocks: 20, callsPerBlock: 1_000 };
const QUICK: Plan = { rounds: 3, blocks: 5, callsPerBlock: 1_000 };
const PROFILED_CALLS = 100_000;

/** What the pool's own code costs for each call, with a short queue and with a long one: fake workers, no bytes. */
export async function queueCost({ quick, signal, progress }: SuiteContext): Promise<SuiteResult> {
  const few = queueOf(FEW, `${FEW} queued`);
  const again = queueOf(FEW, `${FEW} queued again`);
  const many = queueOf(MANY, `${MANY} queued`);
  const pinning = pinToOneCoreEach();
  progress(`filling queues of ${FEW} and ${MANY} calls (${pinning.description})`);
  await using lineup = await startAll([few, again, many], pinning);
  progress('measuring the cost of a call');
  const medians = await lineup.measure(quick ? QUICK : FULL, signal);
  progress('profiling');
  const [atFew, atMany] = [await few.profile(PROFILED_CALLS), await many.profile(PROFILED_CALLS)];

  const noise = noiseOf(medians, again.name, few.name);
  const quiet = noise <= NOISE_LIMIT;
  const growth = ratioOf(medians, many.name, few.name);
  const worst = largestGrowth(atFew, atMany);
  return {
    rows: Array.from(medians, ([subject, values]) => ({
      suite: 'call',
      case: 'pool core with fake workers',
      subject,
      metric: 'cost per call',
      unit: 'us',
      ...spread(values),
    })),
    ratios: [
      { name: `cost at ${FEW} queued against itself`, value: noise, goal: NOISE_LIMIT, holds: quiet },
      { name: `cost at ${MANY} / ${FEW} queued`, value: growth, goal: 1.5, holds: quiet && growth <= 1.5 },
      {
        name: `largest growth of one function, ${FEW} to ${MANY} queued`,
        value: worst.growth,
        goal: 10,
        holds: worst.growth <= 10,
      },
    ],
    notes: [
      ...(quiet
        ? []
        : [`the cost of a call against itself differs by ${percent(noise)}: its ratio does not count`]),
      `the function that grows most is ${worst.name}; one that looked at every queued call would grow by ${MANY / FEW}`,
      `self time per call at ${FEW} queued: ${costliest(atFew)}`,
      `self time per call at ${MANY} queued: ${costliest(atMany)}`,
    ],
  };
}

interface QueueSubject extends Subject {
  profile(count: number): Promise<SelfTimes>;
}

/** Each queue has a process of its own, so that what one leaves to the garbage collector is not paid for by the other. */
function queueOf(queued: number, name: string): QueueSubject {
  let ask: ((command: string, count: number) => Promise<unknown>) | undefined;
  return {
    name,
    async start(): Promise<RunningSubject> {
      const child = spawn(
        process.execPath,
        [...process.execArgv, fileURLToPath(new URL('./queue-driver.ts', import.meta.url)), String(queued)],
        { stdio: ['pipe', 'pipe', 'inherit'] },
      );
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      ask = async (command, count) => {
        child.stdin.write(`${command} ${count}\n`);
        const line = await lines.next();
        if (line.done === true) throw new Error(`The process with ${queued} queued calls ended.`);
        return JSON.parse(line.value) as unknown;
      };
      await ask('calls', 10);
      return {
        // One figure for the whole block: a single call is too short to be timed.
        calls: async (count) => [(await ask!('calls', count)) as number],
        drivers: [child.pid!],
        async close() {
          child.stdin.end();
          await reaped(child);
        },
      };
    },
    profile: async (count) => (await ask!('profile', count)) as SelfTimes,
  };
}
