import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { planting, type PlantedBug } from '../planted/plant.js';
import type { SelfTest } from '../planted/self-test.js';
import { table } from '../report/table.js';
import { MODEL_BUGS } from './bugs.js';
import type { ModelReport } from './report.js';

/** In how long a bug must be found. */
const LIMIT_SECONDS = 60;
/** Where nothing is planted, so many sequences have to find nothing: far more than any bug takes. */
const CLEAN = ['--sequences', '1000'];
/** The same sequences each time. */
const SEED = '1';

/** What became of one bug. */
interface Row {
  readonly bug: string;
  readonly about: string;
  /** Seconds until it was found, the start of the process included, and sequences before; `undefined` where it was not. */
  readonly found: { readonly seconds: number; readonly sequences: number } | undefined;
  readonly by: string;
}

/**
 * Plant each bug by itself and run the model on it until it finds something. One run with nothing planted has to find nothing: else the findings
 * would prove nothing.
 */
export async function runSelfTest(progress: (line: string) => void): Promise<SelfTest> {
  progress('self-test: nothing planted');
  const clean = await runModel(undefined, CLEAN);
  const rows: Row[] = [];
  for (const bug of MODEL_BUGS) {
    progress(`self-test: ${bug.name}`);
    const began = performance.now();
    const { done, broken } = await runModel(bug, ['--seconds', String(LIMIT_SECONDS)]);
    const seconds = (performance.now() - began) / 1_000;
    const found = broken === undefined ? undefined : { seconds, sequences: done };
    rows.push({ bug: bug.name, about: bug.about, found, by: broken?.what ?? '' });
  }
  const good = clean.broken === undefined && rows.every(({ found }) => found !== undefined);
  const text = table([
    ['planted', 'found after', 'by'],
    ['nothing', clean.broken === undefined ? '-' : 'FOUND', clean.broken?.what ?? ''],
    ...rows.map(({ bug, found, by }) => [
      bug,
      found === undefined
        ? `NOT FOUND in ${LIMIT_SECONDS} s`
        : `${found.seconds.toFixed(1)} s, ${found.sequences} sequences`,
      by,
    ]),
  ]);
  return { text: `\n${text}\n`, data: { clean, rows }, good };
}

/** One run in a process of its own. */
async function runModel(bug: PlantedBug | undefined, limit: readonly string[]): Promise<ModelReport> {
  const folder = mkdtempSync(join(tmpdir(), 'pypool-model-self-test-'));
  try {
    const report = join(folder, 'report.json');
    const main = fileURLToPath(new URL('main.ts', import.meta.url));
    const { args, env } = planting(bug);
    const model = spawn(process.execPath, [...args, main, ...limit, '--seed', SEED, '--json', report], {
      stdio: ['ignore', 'ignore', 'pipe'],
      // A bug may make it hang: that is no finding, and no reason to wait for ever.
      timeout: 2 * LIMIT_SECONDS * 1_000,
      killSignal: 'SIGKILL',
      env,
    });
    let stderr = '';
    model.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const code = await new Promise<number | null>((resolve) => model.once('close', resolve));
    // 0: nothing found, 1: something; else the model itself could not run.
    if ((code !== 0 && code !== 1) || !existsSync(report))
      throw new Error(`the model ended with ${code}: ${stderr.trim()}`);
    return JSON.parse(readFileSync(report, 'utf8')) as ModelReport;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
