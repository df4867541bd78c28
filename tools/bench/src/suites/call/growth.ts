import type { SelfTimes } from '../../measure/profile.js';

/** V8's own entries, which are no functions of anybody: `(garbage collector)`, `(program)`, `(idle)`. */
const isFunction = (name: string): boolean => !name.startsWith('(');

/** Less than this of the functions' time is too few samples to say anything. */
const LEAST_SHARE = 0.05;

/** The function whose own time per call grew most from a short queue to a long one, among those that matter there. */
export function largestGrowth(few: SelfTimes, many: SelfTimes): { name: string; growth: number } {
  const least = LEAST_SHARE * sum(many);
  let worst = { name: 'none', growth: 0 };
  for (const [name, time] of Object.entries(many)) {
    if (!isFunction(name) || time < least) continue;
    // A function that no sample met at all counts as if it had just been missed.
    const growth = time / Math.max(few[name] ?? 0, LEAST_SHARE * sum(few));
    if (growth > worst.growth) worst = { name, growth };
  }
  return worst;
}

/** The functions that cost most, as text. */
export function costliest(times: SelfTimes, count = 8): string {
  return Object.entries(times)
    .sort(([, left], [, right]) => right - left)
    .slice(0, count)
    .map(([name, time]) => `${name} ${time.toFixed(2)} us`)
    .join(', ');
}

function sum(times: SelfTimes): number {
  return Object.entries(times).reduce((total, [name, time]) => (isFunction(name) ? total + time : total), 0);
}
