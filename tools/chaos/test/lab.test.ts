import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

import { descendants, isAlive, type ProcessFacts } from '../../scenarios/src/processes.js';
import { until } from '../../scenarios/src/until.js';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

function lab(...options: readonly string[]) {
  const started = spawn(
    process.execPath,
    ['--import', 'tsx', '--conditions=@pypool/source', MAIN, ...options],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  for (const stream of [started.stdout, started.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => started.once('close', resolve));
  return { pid: started.pid!, kill: () => started.kill('SIGKILL'), output: () => output, ended };
}

it('finds no violation in ten seconds of faults', { timeout: 120_000 }, async () => {
  // The seed is drawn anew each time; the output of a run that fails says which it was.
  const run = lab('--seconds', '10');
  const code = await run.ended;
  expect(code, run.output()).toBe(0);
  expect(run.output()).toMatch(/chaos: seed \d+/);
  expect(run.output()).toMatch(/violations +0/);
});

/** Stop a worker's process, or what workers are forked from, and tell whether it is one and is there. */
function stops({ pid, command }: ProcessFacts): boolean {
  try {
    return /__main__|fork_server/.test(command) && process.kill(pid, 'SIGSTOP');
  } catch {
    return false; // gone
  }
}

it('leaves no process when it is killed', { timeout: 120_000 }, async () => {
  const run = lab('--seconds', '60');
  const pythons = () => descendants(run.pid).filter(({ command }) => command.includes('python'));
  // Workers, what they were forked from, and their guardian; one of the workers stands still, which no signal but SIGKILL ends.
  await until(
    'the lab has workers under load',
    () => run.output().includes('workers') && pythons().length >= 4,
    60_000,
  );
  // The lab ends workers all the time: one that it has just ended cannot be stopped.
  await until('a worker stands still', () => pythons().some(stops));
  const left = pythons().map(({ pid }) => pid);
  run.kill();
  await run.ended;
  await until('no process of the lab is left', () => !left.some(isAlive));
  expect(left.filter(isAlive)).toEqual([]);
});
