/**
 * A process with a queue: its argument is a {@link QueueKind} as JSON.
 *
 * For each line of stdin it answers with a line of JSON: `calls 1000` makes so many calls and tells what each cost, `profile 1000`
 * tells where the time went, function by function. All times are microseconds for one call. It ends with stdin.
 */
import { createInterface } from 'node:readline';

import { GarbageWatch } from '../../measure/garbage.js';
import { selfTimes } from '../../measure/profile.js';
import type { SelfTimes } from '../../measure/profile.js';
import { WORKERS } from '../../subjects/subject.js';
import { bareQueue, burst, fill, listQueue, poolQueue, sessionQueue, turn } from './call-queue.js';
import type { BenchQueue } from './call-queue.js';
import type { QueueKind } from './queue-subject.js';

/** What calls cost. */
export interface CallCost {
  /** Processor time of all threads: everything that is paid for, those of the garbage collector included. */
  readonly cpuUs: number;
  /** Time in JavaScript, pauses to collect garbage left out. */
  readonly ownUs: number;
  readonly garbageUs: number;
}

// Ctrl-C reaches the whole process group; the bench ends us.
process.on('SIGINT', () => undefined);
const garbage = new GarbageWatch();
const kind = JSON.parse(process.argv[2]!) as QueueKind;
const { queued, workers = WORKERS } = kind;
const queue = await queueOf(kind);
const make =
  kind.use === 'bursts'
    ? (count: number) => burst(queue, queued, count)
    : (count: number) => turn(queue, count);
if (kind.use === 'steady') fill(queue, workers + queued);

for await (const line of createInterface({ input: process.stdin })) {
  const [command, count] = line.split(' ');
  const answer = command === 'profile' ? await profile(Number(count)) : await cost(Number(count));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);

async function queueOf({ of, sessions }: QueueKind): Promise<BenchQueue> {
  if (of === 'bare') return bareQueue(queued);
  if (of === 'list') return listQueue();
  return sessions === undefined ? poolQueue(workers) : sessionQueue(sessions);
}

async function cost(count: number): Promise<CallCost> {
  await garbage.take();
  const cpuBefore = process.cpuUsage();
  const before = performance.now();
  await make(count);
  const totalUs = (performance.now() - before) * 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const garbageUs = await garbage.take();
  return {
    cpuUs: (user + system) / count,
    ownUs: (totalUs - garbageUs) / count,
    garbageUs: garbageUs / count,
  };
}

async function profile(count: number): Promise<SelfTimes> {
  const times = await selfTimes(() => make(count));
  return Object.fromEntries(Object.entries(times).map(([name, time]) => [name, time / count]));
}
