import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const LONG_MS = 60_000;

/** A run of which only this is left: a peer that it has started. */
const RUN = `
  const [command, ...args] = process.argv.slice(1);
  const peer = require('node:child_process').spawn(command, args, { stdio: ['pipe', 'inherit', 'inherit'], detached: true });
  console.log(peer.pid);
`;

const place = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));

it.each([
  {
    language: 'TypeScript',
    file: 'index.js',
    busy: `process.stdout.write('busy\\n'); for (;;);`,
    command: [process.execPath, '--import', 'tsx', place('src/javascript/main.ts')],
  },
  {
    language: 'Python',
    file: '_pypool_fuzz.py',
    busy: `print('busy', flush=True)\nwhile True: pass`,
    command: ['python3', '-B', place('python/peer.py')],
  },
])(
  'a peer for $language that never comes back ends with a run that is killed',
  async ({ file, busy, command }) => {
    const folder = mkdtempSync(join(tmpdir(), 'pypool-orphan-'));
    writeFileSync(join(folder, file), busy);
    const run = spawn(process.execPath, ['-e', RUN, ...command, folder, '0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: run.stdout })[Symbol.asyncIterator]();
    const said = [await lines.next(), await lines.next()].map(({ value }) => String(value)).sort();
    let ended = false;
    onTestFinished(() => {
      rmSync(folder, { recursive: true });
      if (!ended) process.kill(Number(said[0]), 'SIGKILL');
    });
    expect(said[1]).toBe('busy');
    run.kill('SIGKILL');
    await once(run, 'exit');
    // Its output ends with the last that holds it, the peer.
    ended = (await lines.next()).done === true;
    expect(ended).toBe(true);
  },
  LONG_MS,
);
