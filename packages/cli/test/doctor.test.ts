import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Diagnosis } from '../src/doctor.js';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Run the command in the folder of the fixtures, in a process of its own. */
async function pypool(...args: string[]): Promise<Ended> {
  const cwd = fileURLToPath(new URL('fixtures', import.meta.url));
  const node = ['--import', import.meta.resolve('tsx'), '--conditions=@pypool/source', MAIN];
  const child = spawn(process.execPath, [...node, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout, stderr };
}

const linux = process.platform === 'linux';

describe('pypool doctor', () => {
  it('tells of a module that can be forked what serves it, and what it serves', async () => {
    const { code, stdout, stderr } = await pypool('doctor', 'plain.py');
    expect(stderr).toBe('');
    expect(stdout).toContain(`Node     ${process.versions.node} on ${process.platform} `);
    expect(stdout).toMatch(/^Python {3}3\.\d+\.\d+, \S+, found by .+$/m);
    expect(stdout).toMatch(/^module {3}plain\.py\nserves {3}double\n {9}count, a stream$/m);
    if (linux)
      expect(stdout).toMatch(/^workers {2}forked from one process .*: the first was ready after \d+ ms/m);
    expect(code).toBe(0);
  });

  it('tells why one cannot, and what to do about it', async () => {
    const { code, stdout } = await pypool('doctor', 'threaded.py', '--json');
    const { starts, functions, error } = JSON.parse(stdout) as Diagnosis;
    expect([code, error, functions]).toEqual([0, undefined, [{ name: 'double', stream: false }]]);
    expect(starts).toMatchObject({ forked: false, reasons: [linux ? 'python-threads' : 'platform'] });
    if (linux) expect(starts!.why).toMatch(/on_worker_start/);
  });

  it.each([
    ['broken.py', 'start-failed', 'no weights here'],
    ['missing.py', 'invalid-options', 'missing.py'],
  ])('exits with 1 for %s, which cannot be served, and says why', async (module, reason, words) => {
    const { code, stdout } = await pypool('doctor', module);
    expect(stdout).toContain(`module   ${module} cannot be served (${reason}):\n`);
    expect(stdout).toContain(words);
    expect(code).toBe(1);
  });

  it('looks with the interpreter that it is given', async () => {
    const { code, stdout } = await pypool('doctor', 'plain.py', '--python', './no-python', '--json');
    expect(code).toBe(1);
    expect((JSON.parse(stdout) as Diagnosis).error!.message).toContain('no-python');
  });

  it('exits with 2 where it is called wrongly', async () => {
    const { code, stdout, stderr } = await pypool('doctor', '--jason');
    expect([code, stdout, stderr]).toEqual([
      2,
      '',
      "pypool: Unknown option '--jason'. --help lists what there is.\n",
    ]);
  });
});
