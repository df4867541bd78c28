import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import type { SelfTimes } from '../../measure/profile.js';
import { reaped } from '../../subjects/child.js';
import type { RunningSubject, Subject } from '../../subjects/subject.js';
import type { CallCost } from './queue-driver.js';

/** A queue that keeps its length, in a process of its own, so that no queue pays for the garbage of another. */
export interface QueueSubject extends Subject {
  /** What garbage collection cost for each call of every block so far, in microseconds. */
  readonly garbage: readonly number[];
  /** Where the time goes, in microseconds for one call. To be asked while it runs. */
  profile(count: number): Promise<SelfTimes>;
}

/**
 * A queue of `queued` calls. Its times are those of JavaScript alone: pauses to collect garbage are kept apart, since they come and
 * go with V8's heap rather than with what the code does.
 */
export function queueSubject(kind: 'pool' | 'bare', queued: number, name: string): QueueSubject {
  const garbage: number[] = [];
  let ask: ((command: string, count: number) => Promise<unknown>) | undefined;
  return {
    name,
    garbage,
    async start(): Promise<RunningSubject> {
      const driver = fileURLToPath(new URL('./queue-driver.ts', import.meta.url));
      const child = spawn(process.execPath, [...process.execArgv, driver, kind, String(queued)], {
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
      return {
        // One figure for the whole block: a single call is too short to be timed.
        async calls(count) {
          const { ownUs, garbageUs } = (await ask!('calls', count)) as CallCost;
          garbage.push(garbageUs);
          return [ownUs];
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
