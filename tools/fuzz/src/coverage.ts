import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DECODERS } from './javascript/build.js';
import { writeRequest } from './javascript/requests.js';
import { PYTHON_DECODERS, TOOL, type Workspace } from './workspace.js';

/** How many of a file's branches were taken, and which were not. */
export interface FileCoverage {
  readonly file: string;
  readonly branches: number;
  readonly taken: number;
  readonly missing: readonly string[];
}

/** What part of all branches was taken, from 0 to 1. */
export function shareTaken(files: readonly FileCoverage[]): number {
  const sum = (key: 'branches' | 'taken'): number => files.reduce((total, file) => total + file[key], 0);
  return sum('taken') / sum('branches');
}

/** What the whole run reached in TypeScript, by the counters of its decoders. */
export async function javascriptCoverage({ branches, javascript }: Workspace): Promise<FileCoverage[]> {
  const [explanation] = await javascript.explain([new Uint8Array(0)]);
  const taken = new Set(explanation!.everTaken);
  return DECODERS.map((file) => {
    const own = branches
      .map((branch, number) => ({ ...branch, number }))
      .filter((branch) => branch.file === file);
    const missing = own.filter(({ number }) => !taken.has(number));
    return {
      file,
      branches: own.length,
      taken: own.length - missing.length,
      missing: missing.map(({ line, kind }) => `${line} ${kind}`),
    };
  });
}

/**
 * What inputs reach in Python, by coverage.py, on the sources as they are.
 *
 * @param inputs - The kept ones are enough: each was kept for what it reached.
 */
export function pythonCoverage(
  python: string,
  { folder }: Workspace,
  inputs: readonly Uint8Array[],
): FileCoverage[] {
  const request = join(folder, 'inputs');
  writeFileSync(request, writeRequest({ explain: false, inputs }));
  const args = ['-B', join(TOOL, 'python/measure.py'), request, ...PYTHON_DECODERS];
  const { status, stdout, stderr } = spawnSync(python, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`the coverage of Python could not be measured: ${stderr.slice(-2000)}`);
  const found = JSON.parse(stdout) as Record<string, Omit<FileCoverage, 'file'>>;
  return Object.entries(found).map(([file, about]) => ({ file, ...about }));
}
