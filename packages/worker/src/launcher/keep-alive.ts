import { LONGEST_TIMER_MS } from '../longest-timer.js';

/** Keep Node alive while `work` is pending: the processes and pipes it waits for do not. */
export async function keepAliveDuring<T>(work: Promise<T>): Promise<T> {
  const hold = setInterval(() => undefined, LONGEST_TIMER_MS);
  try {
    return await work;
  } finally {
    clearInterval(hold);
  }
}
