import { spread } from '../../measure/statistics.js';
import type { Row, SuiteResult } from '../../report/result.js';
import { answersOf } from '../driver.js';
import type { SuiteContext } from '../suite.js';
import type { Hour } from './hours-driver.js';

const HOURS = 8;
const QUICK_HOURS = 2;

/** What the heap may be larger at the end than after the first hour: V8 still compiles, and keeps what it compiled. */
const FLAT_BYTES = 512 * 1024;

/** Eight hours of calls, of workers that come and go, and of sessions that expire: whether anything is left of them. */
export async function eightHours({ quick, signal, progress }: SuiteContext): Promise<SuiteResult> {
  const hours = quick ? QUICK_HOURS : HOURS;
  const stood: Hour[] = [];
  for await (const hour of answersOf<Hour>(new URL('./hours-driver.ts', import.meta.url), hours, signal)) {
    progress(`hour ${hour.hour} of ${hours} has passed`);
    stood.push(hour);
  }
  const [first, last] = [stood[0]!, stood.at(-1)!];
  const row = (metric: string, unit: string, of: (hour: Hour) => number): Row => ({
    suite: 'scale',
    case: `${hours} hours of simulated time`,
    subject: 'pool core with fake workers',
    metric,
    unit,
    ...spread(stood.map(of)),
  });
  const growth = Math.max(0, last.heapBytes - first.heapBytes) / FLAT_BYTES;
  const timers = last.timers / first.timers;
  return {
    rows: [
      row('heap when nothing runs', 'MiB', ({ heapBytes }) => heapBytes / 1024 / 1024),
      row('timers when nothing runs', '', (hour) => hour.timers),
      row('open sessions', '', (hour) => hour.sessions),
    ],
    ratios: [
      {
        name: `growth of the heap from hour 1 to ${hours}, over 512 KiB`,
        value: growth,
        goal: 1,
        holds: growth <= 1,
      },
      { name: `timers after ${hours} hours / after one`, value: timers, goal: 1, holds: timers <= 1 },
    ],
    notes: [
      `in ${hours} hours of simulated time there were ${last.calls} calls, ${last.failed} of which failed (they hung, or their worker ` +
        `died), and ${last.workers} workers`,
    ],
  };
}
