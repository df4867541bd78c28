import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { noResults, partLine } from './results.js';
import type { Results } from './results.js';

/** One line of `run_unittest.py`. */
interface Report {
  readonly test: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly detail: string;
}

export interface PythonTests {
  readonly root: string;
  readonly seed: number;
  /** Below `python/`, with all folders in it. */
  readonly folder: string;
}

/** What Python's tests found, and what there is to print about it once nothing else prints. */
export interface PythonRun {
  readonly results: Results;
  readonly lines: readonly string[];
}

/** Runs the unittest tests of a folder below `python/`. Prints nothing, since it runs beside the TypeScript tests. */
export async function runPython(options: PythonTests): Promise<PythonRun> {
  const started = performance.now();
  const script = fileURLToPath(new URL('run_unittest.py', import.meta.url));
  const python = process.env['PYPOOL_PYTHON'] ?? 'python3';
  const args = ['-B', '-X', 'dev', script, 'python', options.folder, String(options.seed)];
  const child = spawn(python, args, { cwd: options.root, stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = new Promise<string>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  const [stdout, stderr, end] = await Promise.all([text(child.stdout), text(child.stderr), closed]);

  const results = noResults();
  const failures: string[] = [];
  for (const line of stdout.split('\n').filter((line) => line !== '')) {
    const { test, outcome, detail } = JSON.parse(line) as Report;
    if (outcome === 'passed') results.passed += 1;
    if (outcome === 'skipped') results.skipped.push({ test: `python > ${test}`, reason: detail });
    if (outcome === 'failed') {
      results.failed += 1;
      failures.push(`\nFAILED python > ${test}\n${detail}`);
    }
  }
  // The runner itself may die, or find nothing to load: that must not pass for a short run.
  if (end !== 'exit code 0' && results.failed === 0) {
    results.failed += 1;
    failures.push(`\nFAILED python: the test runner ended with ${end}\n${stderr}`);
  } else if (failures.length > 0 && stderr !== '') {
    failures.push(`\nstderr of the Python tests:\n${stderr}`);
  }
  return { results, lines: [partLine('python', results, performance.now() - started), ...failures] };
}
