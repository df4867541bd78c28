/** One pool of many real workers, by itself in a Node: a line of JSON says what they cost it, see {@link ManyWorkers}. */
import { createPythonPool } from 'pypool';

import { programFile, PYTHON } from '../../machine/python.js';
import { garbageCollected } from '../../measure/garbage.js';

/** What to bring up. */
export interface WorkersWanted {
  readonly workers: number;
  readonly launcher: 'fork' | 'spawn';
}

/** What each idle worker costs Node, and how long all of them take. */
export interface ManyWorkers {
  /** Of V8's heap. */
  readonly heapBytes: number;
  /** Of all that the process holds. */
  readonly rssBytes: number;
  readonly startMs: number;
  readonly closeMs: number;
}

const { workers, launcher } = JSON.parse(process.argv[2]!) as WorkersWanted;
const pool = await createPythonPool({
  module: programFile('pypool_echo.py'),
  python: PYTHON,
  size: 1,
  overflow: 0,
  launcher,
  // Only a machine that is busy with others takes so long.
  startTimeoutMs: 600_000,
});
// By now all code has been loaded, and the first worker has brought up what all of them share.
await pool.call('echo', ['hello']);
const before = await held();
const began = performance.now();
let up = 1;
const all = new Promise<void>((resolve, reject) => {
  pool.on('worker-ready', () => {
    up += 1;
    if (up === workers) resolve();
  });
  pool.on('worker-start-failed', ({ error }) => reject(error));
});
pool.resize(workers);
await all;
const startMs = performance.now() - began;
const after = await held();
const closing = performance.now();
await pool.close();
const result: ManyWorkers = {
  heapBytes: (after.heapUsed - before.heapUsed) / (workers - 1),
  rssBytes: (after.rss - before.rss) / (workers - 1),
  startMs,
  closeMs: performance.now() - closing,
};
process.stdout.write(`${JSON.stringify(result)}\n`);

async function held(): Promise<NodeJS.MemoryUsage> {
  await garbageCollected();
  return process.memoryUsage();
}
