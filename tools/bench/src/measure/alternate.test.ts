import { expect, it } from 'vitest';

import { UNPINNED } from '../machine/pinning.js';
import type { Subject } from '../subjects/subject.js';
import { startAll } from './alternate.js';

function subject(name: string, log: string[], callUs = 1): Subject {
  return {
    name,
    async start() {
      log.push(`start ${name}`);
      return {
        async calls(count) {
          log.push(name);
          return Array<number>(count).fill(callUs);
        },
        async close() {
          log.push(`close ${name}`);
        },
      };
    },
  };
}

it('gives every subject the same number of blocks, with no two subjects far apart', async () => {
  const log: string[] = [];
  const lineup = await startAll([subject('a', log, 2), subject('b', log, 3)], UNPINNED);
  const medians = await lineup.measure(
    { rounds: 2, warmUpCalls: 25, blocks: 3, callsPerBlock: 10 },
    new AbortController().signal,
  );
  await lineup[Symbol.asyncDispose]();
  expect(Object.fromEntries(medians)).toEqual({ a: [2, 2], b: [3, 3] });
  const blocks = log.filter((entry) => entry === 'a' || entry === 'b');
  expect(blocks).toHaveLength(2 * (3 + 2 * 3));
  for (let pair = 0; pair < blocks.length; pair += 2) {
    expect(blocks.slice(pair, pair + 2).sort()).toEqual(['a', 'b']);
  }
});

it('closes what is up when a subject cannot start', async () => {
  const log: string[] = [];
  const broken: Subject = { name: 'broken', start: () => Promise.reject(new Error('no such thing')) };
  await expect(startAll([subject('a', log), broken], UNPINNED)).rejects.toThrow('no such thing');
  expect(log).toEqual(['start a', 'close a']);
});

it('stops between two blocks when it is told to', async () => {
  const log: string[] = [];
  const stop = new AbortController();
  const lineup = await startAll([subject('a', log)], UNPINNED);
  stop.abort(new Error('Interrupted.'));
  await expect(
    lineup.measure({ rounds: 1, warmUpCalls: 0, blocks: 1, callsPerBlock: 1 }, stop.signal),
  ).rejects.toThrow('Interrupted.');
  await lineup[Symbol.asyncDispose]();
  expect(log).toEqual(['start a', 'close a']);
});
