import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Row } from './rows.js';
import { SEEN_FILE, impostors, readSeen } from './seen.js';

/** What came of a row. */
export interface RowResult {
  readonly row: Row;
  readonly passed: number;
  /** With what is wrong with the row itself: it did not come to an end, or ran on other versions than it claims. */
  readonly failed: number;
  readonly skipped: number;
  /** What was skipped and why, in lines. */
  readonly reasons: string;
  readonly seconds: number;
  /** All that there is to print of a row that failed. */
  readonly output: string;
}

const suite = fileURLToPath(new URL('../test/main.ts', import.meta.url));

/** The file of the test that says on what it runs. */
const VERSIONS_TEST = 'tools/matrix/test/versions.test.ts';

/** Run the tests of a row with its Node and its Python, as `npm test` would. */
export async function runRow(row: Row): Promise<RowResult> {
  const began = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'pypool-matrix-'));
  try {
    const seen = join(folder, 'versions');
    await writeFile(seen, '');
    // Tests that run a command find this very Node by its name; in a folder of its own, for beside it there may be a Python.
    const bin = join(folder, 'bin');
    await mkdir(bin);
    await symlink(row.node.file, join(bin, 'node'));
    const args = ['--import', 'tsx', suite, ...row.filters, VERSIONS_TEST];
    const child = spawn(row.node.file, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        PYPOOL_PYTHON: row.python.file,
        [SEEN_FILE]: seen,
        PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`,
      },
    });
    const ended = new Promise<string | undefined>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) =>
        resolve(code === 0 ? undefined : (signal ?? `exit code ${code}`)),
      );
    });
    const [stdout, stderr, failure] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    const line = /^(\d+) passed, (\d+) failed$/m.exec(stdout);
    const [passed, failed] = [Number(line?.[1] ?? 0), Number(line?.[2] ?? 0)];
    const skipped = Number(/^Skipped (\d+):$/m.exec(stdout)?.[1] ?? 0);
    const wrong = impostors(row, readSeen(seen));
    // A run that dies, or in which nothing ran, has failed, whatever it had counted until then.
    if (failure !== undefined && failed === 0) wrong.push(`the tests ended with ${failure}`);
    return {
      row,
      passed,
      failed: failed + wrong.length,
      skipped,
      reasons: /^Skipped \d+:\n((?: .*\n)+)/m.exec(stdout)?.[1] ?? '',
      seconds: (performance.now() - began) / 1_000,
      output: [stdout, stderr, ...wrong.map((what) => `FAILED ${what}\n`)].join(''),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
