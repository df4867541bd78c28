import { setTimeout as wait } from 'node:timers/promises';

/** Whether something resolves in time. */
export async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  const late = new AbortController();
  const inTime = await Promise.race([
    work.then(() => true),
    wait(ms, false, { signal: late.signal }).catch(() => false),
  ]);
  late.abort();
  return inTime;
}
