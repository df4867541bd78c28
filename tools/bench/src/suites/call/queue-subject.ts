import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import type { SelfTimes } from '../../measure/profile.js';
import { reaped } from '../../subjects/child.js';
import type { RunningSubject, Subject } from '../../subjects/subject.js';
import type { CallCost } from './queue-driver.js';

/** Which queue. */
export interface QueueKind {
  readonly of: 'pool' | 'list' | 'bare';
  readonly queued: number;
  /** It keeps its length; it is filled and emptied again and again; one call is made at a time, and none waits. */
  readonly use: 'steady' | 'bursts' | 'alone';
  /** @defaultValue 2 */
  readonly workers?: number;
  /** Calls come from so many sessions by turns, and the workers are of TypeScript. @defaultValue from none */
  readonly sessions?: number;
}

/** A queue in a process of its own, so that no queue pays for the garbage of another. */
export interface QueueSubject extends Subject {
  /** What a call of every block so far cost. */
  readonly costs: readonly CallCost[];
  /** Where the time goes, in microseconds for one call. To be asked while it runs. */
  profile(count: number): Promise<SelfTimes>;
}

/**
 * A queue of calls. Its times are processor time with nothing left out: what V8 does to keep so many calls is part of what they cost.
 *
 * @param called to tell two of a kind apart
 */
export function queueSubject(kind: QueueKind, called = ''): QueueSubject {
  const name = `${nameOf(kind)}${called}`;
  const costs: CallCost[] = [];
  let ask: ((command: string, count: number) => Promise<unknown>) | undefined;
  return {
    name,
    costs,
    async start(): Promise<RunningSubject> {
      const driver = fileURLToPath(new URL('./queue-driver.ts', import.meta.url));
      const child = spawn(process.execPath, [...process.execArgv, driver, JSON.stringify(kind)], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      ask = async (command, count) => {
        child.stdin.write(`${command} ${count}\n`);
        const line = await lines.next();
        if (line.done === true) throw new Error(`The process of "${name}" ended.`);
        return JSON.parse(line.value) as unknown;
      };
      await ask('calls', 10);
      costs.length = 0;
      return {
        // One figure for the whole block: a single call is too short to be timed.
        async calls(count) {
          const cost = (await ask!('calls', count)) as CallCost;
          costs.push(cost);
          return [cost.cpuUs];
        },
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

function nameOf({ of, queued, use, workers, sessions }: QueueKind): string {
  const kinds = { pool: 'pool', list: 'list of calls', bare: 'bare promises' };
  const uses = { steady: `${queued} queued`, bursts: `bursts of ${queued}`, alone: 'one call at a time' };
  return [
    kinds[of],
    ...(workers === undefined ? [] : [`${workers} workers`]),
    ...(sessions === undefined ? [] : [`${sessions} sessions`]),
    uses[use],
  ].join(', ');
}
