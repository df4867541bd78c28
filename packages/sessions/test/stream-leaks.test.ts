import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it('leaves streams that nobody holds any more, tells who opened them, and counts them under no session', async () => {
  const program = fileURLToPath(new URL('fixtures/drop_streams.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc',
    '--import',
    'tsx',
    '--conditions=@pypool/source',
    program,
  ]);
  expect(JSON.parse(stdout)).toEqual({
    told: [
      ['dropped', 'before-anybody-listens', null, null],
      ['dropped', 'dropped', 'ann', true],
      ['ended', 'dropped'],
    ],
    running: ['held', 'waited-for'],
    inFlight: 0,
    held: 1,
  });
});
