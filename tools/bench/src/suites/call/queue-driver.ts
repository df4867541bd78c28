/**
 * A process with a queue that holds as many calls as its second argument says: of a pool, or of bare promises (`pool`, `bare`).
 *
 * For each line of stdin it answers with a line of JSON: `calls 1000` makes so many calls and tells what each cost, `profile 1000`
 * tells where the time went, function by function. All times are microseconds for one call. It ends with stdin.
 */
import { createInterface } from 'node:readline';

import { GarbageWatch } from '../../measure/garbage.js';
import { selfTimes } from '../../measure/profile.js';
import type { SelfTimes } from '../../measure/profile.js';
import { bareQueue, poolQueue, turn } from './steady-queue.js';

/** What calls cost: in JavaScript, and in pauses to collect garbage. */
export interface CallCost {
  readonly ownUs: number;
  readonly garbageUs: number;
}

// Ctrl-C reaches the whole process group; the bench ends us.
process.on('SIGINT', () => undefined);
const garbage = new GarbageWatch();
const queued = Number(process.argv[3]);
const queue = process.argv[2] === 'pool' ? await poolQueue(queued) : bareQueue(queued);

for await (const line of createInterface({ input: process.stdin })) {
  const [command, count] = line.split(' ');
  const answer = command === 'profile' ? await profile(Number(count)) : await cost(Number(count));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);

async function cost(count: number): Promise<CallCost> {
  await garbage.take();
  const before = performance.now();
  await turn(queue, count);
  const totalUs = (performance.now() - before) * 1000;
  const garbageUs = await garbage.take();
  return { ownUs: (totalUs - garbageUs) / count, garbageUs: garbageUs / count };
}

async function profile(count: number): Promise<SelfTimes> {
  const times = await selfTimes(() => turn(queue, count));
  return Object.fromEntries(Object.entries(times).map(([name, time]) => [name, time / count]));
}
