import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { fixture, leavesNothing, rejection, workerFor } from './worker-for.js';

leavesNothing();

/** What is left of what `print_control.py` prints; what is no UTF-8 is shown as replaced. */
const LEFT = ['ABCDEFGHI\ufffd2J\ufffdJ', '', 'K'];
/** Everything of C0 and C1 but the end of a line. */
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/;

it('listeners to output and log get lines that no terminal obeys', async () => {
  const [output, logs]: [string[], string[]] = [[], []];
  const worker = await workerFor('print_control');
  worker.on('output', ({ line }) => output.push(line));
  worker.on('log', ({ message }) => logs.push(message));
  await worker.call('print_hostile', [1]);
  await worker.close();
  expect(output).toEqual(LEFT);
  expect(logs).toEqual(LEFT);
});

it('what nobody listens to goes to our stderr in the same words', async () => {
  const program = fileURLToPath(new URL('fixtures/hosts/leave_unheard.ts', import.meta.url));
  const args = ['--import', 'tsx', '--conditions=@pypool/source', program, fixture('print_control.py')];
  const host = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'pipe'] });
  const said = await text(host.stderr);
  expect(said).not.toMatch(CONTROL);
  expect(said.split('\n').sort()).toEqual(
    ['', ...[...LEFT, ...LEFT].map((line) => `[python] ${line}`)].sort(),
  );
});

it('errors quote them so, too: of a worker that died, and of one that could not start', async () => {
  await using worker = await workerFor('print_control');
  worker.on('output', () => undefined);
  const died = await rejection(worker.call('print_and_die'));
  expect(died.context['stderr']).toEqual(LEFT);
  expect(died.message).not.toMatch(CONTROL);
  const refused = await rejection(workerFor('raise_control'));
  expect(refused.message).toContain('could not start: RuntimeError: ABC\n');
  expect(refused.message).not.toMatch(CONTROL);
  expect(refused.cause).toMatchObject({ args: ['A\u001b]0;title\u0007B\u009b2JC'] });
});
