import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runProgram } from '../../../../tools/test/run-program.js';
import { needsDspy, SLOW_MS, textOf } from '../dspy-for.js';

const cwd = fileURLToPath(new URL('../../', import.meta.url));
const args = ['--import', 'tsx', '--conditions=@pypool/source', 'demo/main.ts'];

needsDspy();

it(
  'is shown by the demo, claim for claim as the README has them',
  async () => {
    const output = await runProgram({ file: process.execPath, args, cwd });
    const claims = [...textOf('README.md').matchAll(/^- (.+)[,.;]$/gm)].map(([, claim]) => claim!);
    const checked = output.split('\n').filter((line) => /^[✓✗]/.test(line));
    expect(checked).toEqual(claims.map((claim) => `✓ ${claim}`));
    expect(checked.length).toBeGreaterThan(3);
  },
  SLOW_MS,
);
