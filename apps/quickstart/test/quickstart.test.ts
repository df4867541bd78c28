// What the README claims, of the app as it is built: `npm test` builds it first.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runProgram } from '../../../tools/test/run-program.js';

const cwd = fileURLToPath(new URL('..', import.meta.url));
const app = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const inTerminal = fileURLToPath(new URL('./fixtures/in_terminal.py', import.meta.url));

/** For the machines of others, two of these side by side. */
const SLOW_MS = 120_000;

describe.concurrent('the quickstart', () => {
  it(
    'exits with 0 and prints plain lines where there is no terminal',
    async () => {
      const output = await runProgram({ file: process.execPath, args: [app], cwd });
      expect(output).not.toMatch(/[\r\u001b]/);
      expect(output.match(/^census: \d+ of \d+$/gm)).toHaveLength(4);
      expect(output).toContain('in the middle of a call');
      for (const line of output.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
      await expectEveryClaim(output);
    },
    SLOW_MS,
  );

  it(
    'exits with 0 and draws a bar on a terminal',
    async () => {
      const python = process.env['PYPOOL_PYTHON'] ?? 'python3';
      const output = await runProgram({ file: python, args: [inTerminal, process.execPath, app], cwd });
      const bars = output.match(/\r\u001b\[Kcensus [█░]{40} \d+\/\d+/g) ?? [];
      expect(bars.length).toBeGreaterThan(100);
      expect(bars[0]).toContain('░'.repeat(40));
      expect(bars.at(-1)).toContain('█'.repeat(40));
      expect(output).not.toContain('census: ');
      await expectEveryClaim(output);
    },
    SLOW_MS,
  );
});

/** Each line of the list in the README is checked by the app, and found true. */
async function expectEveryClaim(output: string): Promise<void> {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const claims = [...readme.matchAll(/^- (?<claim>[^,;.]+)/gm)].map(({ groups }) => groups!['claim']!);
  const checked = output.split(/\r?\n/).filter((line) => /^[✓✗]/.test(line));
  expect(checked).toHaveLength(claims.length);
  expect(checked.filter((line) => line.startsWith('✗'))).toEqual([]);
  // Between the words, the app puts its figures.
  const withoutFigures = checked.map((line) => line.replace(/ (?:\d+ )?(?=packages|workers)/, ' '));
  for (const [at, claim] of claims.entries()) expect(withoutFigures[at]).toContain(claim);
}
