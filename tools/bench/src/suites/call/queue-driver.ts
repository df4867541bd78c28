/**
 * A process that keeps a pool with as many calls queued as its argument says, and for each line of stdin answers with a line of JSON:
 * `calls 1000` makes so many calls and tells the microseconds for each; `profile 1000` tells where they went, function by function.
 * It ends with stdin.
 */
import { createInterface } from 'node:readline';

import { selfTimes } from '../../measure/profile.js';
import { steadyQueue } from './steady-queue.js';

const queue = await steadyQueue(Number(process.argv[2]));
// Ctrl-C reaches the whole process group; the bench ends us.
process.on('SIGINT', () => undefined);

for await (const line of createInterface({ input: process.stdin })) {
  const [command, count] = line.split(' ');
  const answer = command === 'profile' ? await profile(Number(count)) : await queue.turn(Number(count));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);

async function profile(count: number): Promise<Record<string, number>> {
  const times = await selfTimes(() => queue.turn(count));
  return Object.fromEntries(Object.entries(times).map(([name, time]) => [name, time / count]));
}
