import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a caller was told of its call: that it succeeded, or the outcome of its error. */
export type Told = 'succeeded' | 'not-started' | 'finished' | 'unknown';

/** How often a call may have run of which this was told: at least, and at most. */
const RUNS: Readonly<Record<Told, readonly [least: number, most: number]>> = {
  succeeded: [1, 1],
  finished: [1, 1],
  'not-started': [0, 0],
  unknown: [0, 1],
};

/** Calls of which the ledger says otherwise than their callers were told, as lines for people. */
export function contradictions(told: ReadonlyMap<number, Told>, runs: ReadonlyMap<number, number>): string[] {
  const found: string[] = [];
  for (const [id, what] of told) {
    const ran = runs.get(id) ?? 0;
    const [least, most] = RUNS[what];
    if (ran < least || ran > most) found.push(`call ${id} was told "${what}", and ran ${ran} times`);
  }
  for (const id of runs.keys()) if (!told.has(id)) found.push(`call ${id} ran, and was never made`);
  return found;
}

/** The file in which `programs/ledger_echo.py` writes down each run: four bytes for a call. */
export class LedgerFile implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'pypool-bench-'));
  readonly path = join(this.#folder, 'ledger');

  constructor() {
    writeFileSync(this.path, '');
  }

  /** How often each call ran. */
  runs(): Map<number, number> {
    const bytes = readFileSync(this.path);
    const runs = new Map<number, number>();
    for (let at = 0; at < bytes.length; at += 4) {
      const id = bytes.readUInt32LE(at);
      runs.set(id, (runs.get(id) ?? 0) + 1);
    }
    return runs;
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}
