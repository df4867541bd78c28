import { isDeepStrictEqual } from 'node:util';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { ModuleFacts } from './facts.js';

/** The same census by one plain Python process with no pool, to compare with. In the order of `paths`. */
export async function plainCensus(python: string, paths: readonly string[]): Promise<ModuleFacts[]> {
  const script = fileURLToPath(new URL('../python/census.py', import.meta.url));
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(paths));
  const [output, code] = await Promise.all([
    text(child.stdout),
    new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve)),
  ]);
  if (code !== 0) throw new Error(`the plain census by ${python} ended with exit code ${code}`);
  return JSON.parse(output) as ModuleFacts[];
}

/** Claims and whether they hold, printed as they are checked; together they decide the exit code. */
export class Checks {
  #failed = 0;

  /** Check one claim. */
  that(claim: string, holds: boolean, otherwise = ''): void {
    if (!holds) this.#failed += 1;
    console.log(`${holds ? '✓' : '✗'} ${claim}${holds || otherwise === '' ? '' : `: ${otherwise}`}`);
  }

  /** Check that two values are the same all the way down. */
  same(claim: string, actual: unknown, expected: unknown): void {
    this.that(claim, isDeepStrictEqual(actual, expected), 'they differ');
  }

  /** What a program that made these claims exits with: 0 where all of them hold. */
  get exitCode(): 0 | 1 {
    return this.#failed === 0 ? 0 : 1;
  }
}
