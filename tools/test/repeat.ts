// Runs the whole suite many times, each time in another random order: `npm run test:repeat -- 20 [FILTER...]`.
//
// After each run it asks the operating system whether a process of that run is left. Goes on after a failure, to
// count how often it happens, and exits 1 if there was any. TMPDIR is a folder of the run's own, so that a file
// left behind is seen too.

import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { canSeeProcesses, leftovers } from './leftovers.js';

/** Caches that Node, tsx and Nx keep in the temporary folder on purpose. */
const BY_TOOLS = /^(node-compile-cache|v8-compile-cache|nx|tsx-)/;

const [count = '20', ...filters] = process.argv.slice(2);
const runs = Number(count);
if (!Number.isInteger(runs) || runs < 1) throw new Error(`expected a number of runs, got ${count}`);
const main = fileURLToPath(new URL('main.ts', import.meta.url));

const problems: string[] = [];
for (let run = 1; run <= runs; run += 1) {
  const seed = Date.now();
  const { line, output, left } = await runOnce(seed);
  console.log(
    `run ${String(run).padStart(String(runs).length)}/${runs}  seed ${seed}  ${line ?? 'no result'}`,
  );
  if (line === undefined || !line.includes(' 0 failed')) {
    problems.push(`run ${run} (seed ${seed}): ${line ?? 'no result'}`);
    console.log(output);
  }
  for (const thing of left) {
    problems.push(`run ${run} (seed ${seed}) left ${thing}`);
    console.log(`  left behind: ${thing}`);
  }
}

if (!canSeeProcesses())
  console.log('\nProcesses left behind cannot be seen on this system (it has no /proc).');
console.log(`\n${runs} runs, ${problems.length === 0 ? 'all green, nothing left behind' : 'with problems:'}`);
for (const problem of problems) console.log(`  ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;

/** One run of the suite, its closing line if it came to one, and what it left behind. */
async function runOnce(seed: number): Promise<{ line: string | undefined; output: string; left: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'pypool-repeat-'));
  try {
    const args = ['--import', 'tsx', main, ...filters, '--seed', String(seed)];
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: folder },
    });
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const line = stdout.match(/^\d+ passed, \d+ failed.*$/m)?.[0];
    const files = (await readdir(folder)).filter((name) => !BY_TOOLS.test(name));
    return { line, output: stdout + stderr, left: [...(await leftovers(folder)), ...files] };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
