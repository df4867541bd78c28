import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { TOOL } from './workspace.js';

/** What coverage-guided fuzzing of the Python decoders came to. */
export interface GuidedResult {
  readonly inputs: number;
  readonly headerPassed: number;
  readonly findings: readonly { readonly about: string; readonly hex: string }[];
  /** Inputs that reached something new. */
  readonly found: readonly Uint8Array[];
}

export interface GuidedOptions {
  /** An interpreter that has atheris. */
  readonly python: string;
  readonly folder: string;
  readonly runs: number;
  readonly seed: number;
  readonly seeds: readonly Uint8Array[];
}

/** Let atheris (libFuzzer) look for inputs that reach more of the Python decoders. What it finds is for both languages. */
export async function guide({ python, folder, runs, seed, seeds }: GuidedOptions): Promise<GuidedResult> {
  const own = join(folder, 'guided');
  mkdirSync(join(own, 'seeds'), { recursive: true });
  seeds.forEach((input, index) => writeFileSync(join(own, 'seeds', String(index)), input));
  const args = ['-B', join(TOOL, 'python/guided.py'), own, String(runs), String(seed % 2 ** 31)];
  const child = spawn(python, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const closed = new Promise<string>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  const [end, output] = await Promise.all([closed, text(child.stderr)]);
  const result = readResult(own);
  const found = readdirSync(join(own, 'found'))
    .sort()
    .map((name) => Uint8Array.from(readFileSync(join(own, 'found', name))));
  if (end === 'exit code 0') return { ...result, found };
  const crash = readdirSync(own).find((name) => /^crash-.*(crash|timeout|oom)-/.test(name));
  const hex = crash === undefined ? '' : readFileSync(join(own, crash)).toString('hex');
  const about = `crash: atheris ended with ${end}\n${output.slice(-3000)}`;
  return { ...result, findings: [...result.findings, { about, hex }], found };
}

function readResult(folder: string): Omit<GuidedResult, 'found'> {
  try {
    return JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')) as Omit<GuidedResult, 'found'>;
  } catch {
    // It ended before it had anything to tell; its exit code says that.
    return { inputs: 0, headerPassed: 0, findings: [] };
  }
}
