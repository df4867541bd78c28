import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { table } from '../report/table.js';
import { BUGS } from './bugs.js';
import { planting, type PlantedBug } from './plant.js';

/** In how long a bug must be found, and how long one run of the lab is that looks for it. */
const LIMIT_SECONDS = 60;
const RUN_SECONDS = 4;
/** Longest rest between two faults in it: bugs show when workers die. Unit: milliseconds. */
const FAULT_REST_MS = 300;
/** The lab bounds every wait of its own; this is for one that does not. Unit: milliseconds. */
const RUN_LIMIT_MS = 120_000;

/** What became of one bug. */
interface Row {
  readonly bug: string;
  readonly about: string;
  /** Seconds of runs until the first violation; `undefined` where there was none in time. */
  readonly foundAfter: number | undefined;
  readonly by: readonly string[];
}

/** What the self-test came to. */
export interface SelfTest {
  readonly text: string;
  readonly data: unknown;
  readonly good: boolean;
}

/**
 * Plant each bug by itself and run the lab on it until it finds something. One run with nothing planted has to find nothing: else the
 * findings would prove nothing.
 */
export async function runSelfTest(progress: (line: string) => void): Promise<SelfTest> {
  progress('self-test: nothing planted');
  const clean = await findBy(undefined, RUN_SECONDS);
  const rows: Row[] = [];
  for (const bug of BUGS) {
    progress(`self-test: ${bug.name}`);
    const found = await findBy(bug, LIMIT_SECONDS);
    rows.push({ bug: bug.name, about: bug.about, ...found });
  }
  const good = clean.by.length === 0 && rows.every(({ foundAfter }) => foundAfter !== undefined);
  const text = table([
    ['planted', 'found after', 'by'],
    ['nothing', clean.by.length === 0 ? '-' : 'FOUND', clean.by.join(', ')],
    ...rows.map(({ bug, foundAfter, by }) => [
      bug,
      foundAfter === undefined ? `NOT FOUND in ${LIMIT_SECONDS} s` : `${foundAfter.toFixed(1)} s`,
      by.join(', '),
    ]),
  ]);
  return { text: `\n${text}\n`, data: { clean, rows }, good };
}

/** Run the lab with other seeds until it finds something or the time is up. */
async function findBy(
  bug: PlantedBug | undefined,
  limitSeconds: number,
): Promise<{ readonly foundAfter: number | undefined; readonly by: readonly string[] }> {
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1_000;
  for (let seed = 1; ; seed += 1) {
    const by = await runLabWith(bug, seed);
    const after = elapsed();
    if (by.length > 0) return { foundAfter: after <= LIMIT_SECONDS ? after : undefined, by };
    if (after >= limitSeconds) return { foundAfter: undefined, by };
  }
}

/** One run in a process of its own. @returns the names of the checks that found something */
async function runLabWith(bug: PlantedBug | undefined, seed: number): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'pypool-chaos-self-test-'));
  try {
    const report = join(folder, 'report.json');
    const { args, env } = planting(bug);
    const main = fileURLToPath(new URL('../main.ts', import.meta.url));
    const lab = spawn(
      process.execPath,
      [
        ...args,
        main,
        ...['--seconds', String(RUN_SECONDS), '--rest', String(FAULT_REST_MS)],
        ...['--seed', String(seed), '--json', report],
        ...(bug?.lab ?? []),
      ],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
        timeout: RUN_LIMIT_MS,
        killSignal: 'SIGKILL',
        env,
      },
    );
    let stderr = '';
    lab.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const code = await new Promise<number | null>((resolve) => lab.once('close', resolve));
    // 0: nothing found, 1: something; else the lab itself could not run.
    if (code !== 0 && code !== 1) throw new Error(`the lab ended with ${code}: ${stderr.trim()}`);
    const { findings } = JSON.parse(readFileSync(report, 'utf8')) as {
      findings: { check: string; breaches: unknown[] }[];
    };
    return findings.flatMap(({ check, breaches }) => (breaches.length > 0 ? [check] : []));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
