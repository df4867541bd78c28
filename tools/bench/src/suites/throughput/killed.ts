import { createPythonPool, isPypoolError, type PythonPool } from 'pypool';

import { programFile, PYTHON } from '../../machine/python.js';
import type { Pinning } from '../../machine/pinning.js';
import { spread } from '../../measure/statistics.js';
import type { SuiteResult } from '../../report/result.js';
import { WORKERS } from '../../subjects/subject.js';
import { contradictions, LedgerFile, type Told } from './ledger.js';

const CALLERS = 64;
const KILL_EVERY_MS = 1_000;

/**
 * The same load while a worker is killed every second, each run written down by the worker itself: how much is left of the throughput, and whether
 * any caller was told what is not so.
 *
 * @param seconds as many kills
 */
export async function whileKilled(
  seconds: number,
  pinning: Pinning,
  signal: AbortSignal,
): Promise<SuiteResult> {
  using ledger = new LedgerFile();
  const pool = await pinning.around(() =>
    createPythonPool({
      module: programFile('ledger_echo.py'),
      python: PYTHON,
      size: WORKERS,
      minReady: WORKERS,
      overflow: 0,
      env: { set: { BENCH_LEDGER: ledger.path } },
    }),
  );
  try {
    const load = new Load(pool);
    const undisturbed = await load.run(seconds, signal, () => undefined);
    let killed = 0;
    const disturbed = await load.run(seconds, signal, () => (killed += killOne(pool, killed)));
    const wrong = contradictions(load.told, ledger.runs());
    const unsure = [...load.told.values()].filter((what) => what !== 'succeeded').length;
    const row = (subject: string, perSecond: readonly number[]) => ({
      suite: 'throughput',
      case: `${CALLERS} callers, each run written down`,
      subject,
      metric: 'calls',
      unit: '/s',
      ...spread(perSecond),
    });
    return {
      rows: [row('pypool', undisturbed), row('a worker killed every second', disturbed)],
      ratios: [
        {
          name: 'calls that were told what the ledger contradicts',
          value: wrong.length,
          goal: 0,
          holds: wrong.length === 0,
        },
      ],
      notes: [
        `${killed} workers killed among ${load.told.size} calls: ${unsure} failed with them, the others succeeded`,
        ...wrong.slice(0, 5),
      ],
    };
  } finally {
    await pool.close({ timeoutMs: 3_000 });
  }
}

/** Callers that each make their next call when they have heard of the last one, and note what they were told. */
class Load {
  readonly told = new Map<number, Told>();
  readonly #pool: PythonPool;

  constructor(pool: PythonPool) {
    this.#pool = pool;
  }

  /** @param atSecond what happens in the middle of each second @returns calls that ended in each second */
  async run(seconds: number, signal: AbortSignal, atSecond: () => void): Promise<number[]> {
    const begin = performance.now();
    const end = begin + seconds * KILL_EVERY_MS;
    const perSecond = Array.from({ length: seconds }, () => 0);
    const caller = async (): Promise<void> => {
      for (let now = begin; now < end && !signal.aborted; now = performance.now()) {
        await this.#call();
        const second = Math.floor((performance.now() - begin) / KILL_EVERY_MS);
        if (second < seconds) perSecond[second]! += 1;
      }
    };
    const timers = perSecond.map((_, second) => setTimeout(atSecond, (second + 0.5) * KILL_EVERY_MS));
    try {
      await Promise.all(Array.from({ length: CALLERS }, caller));
    } finally {
      timers.forEach(clearTimeout);
    }
    signal.throwIfAborted();
    return perSecond;
  }

  async #call(): Promise<void> {
    const id = this.told.size + 1;
    this.told.set(id, 'unknown');
    try {
      await this.#pool.call('echo', [{ id, text: 'hello', tags: ['a', 'b'] }]);
      this.told.set(id, 'succeeded');
    } catch (error) {
      if (!isPypoolError(error)) throw error;
      this.told.set(id, error.outcome);
    }
  }
}

/** Kill one worker, each in its turn. @returns how many that were */
function killOne(pool: PythonPool, killed: number): number {
  const ready = pool.status().workers.filter(({ state }) => state === 'ready');
  const pid = ready[killed % Math.max(1, ready.length)]?.facts['pid'];
  return typeof pid === 'number' && process.kill(pid, 'SIGKILL') ? 1 : 0;
}
