import { createPythonPool } from 'pypool';

import { programFile, PYTHON } from '../machine/python.js';
import { startAll } from '../measure/alternate.js';
import type { Plan } from '../measure/alternate.js';
import { noiseOf, percent, ratioOf } from '../measure/noise.js';
import { percentile, spread } from '../measure/statistics.js';
import type { Ratio, SuiteResult } from '../report/result.js';
import { streamFloor } from '../subjects/stream/stream-floor.js';
import { streamPypool } from '../subjects/stream/stream-pypool.js';
import type { Suite, SuiteContext } from './suite.js';

const FULL: Plan = { rounds: 9, warmUpCalls: 60_000, blocks: 2, callsPerBlock: 20_000 };
const QUICK: Plan = { rounds: 3, warmUpCalls: 10_000, blocks: 1, callsPerBlock: 10_000 };

const NOISE_LIMIT = 1.1;

/** Items a second that one stream is to carry. */
const ENOUGH_A_SECOND = 100_000;

/** What a producer may hold more where its consumer is slow, whatever the length of its stream. */
const FLAT_BYTES = 256 * 1024;

/** One stream of small items, from Python to Node. */
export const stream: Suite = {
  name: 'stream',
  summary: 'items a second of one stream, and what a producer holds whose consumer is slow',
  pinned: true,
  async run(context): Promise<SuiteResult> {
    const [fast, slow] = [await fullSpeed(context), await slowConsumer(context)];
    return {
      rows: [...fast.rows, ...slow.rows],
      ratios: [...fast.ratios, ...slow.ratios],
      notes: [...fast.notes, ...slow.notes],
    };
  },
};

async function fullSpeed({ quick, pinning, signal, progress }: SuiteContext): Promise<SuiteResult> {
  progress('at full speed');
  const lineup = await startAll([streamPypool(), streamFloor('floor'), streamFloor('floor again')], pinning);
  try {
    const medians = await lineup.measure(quick ? QUICK : FULL, signal);
    const noise = noiseOf(medians, 'floor again', 'floor');
    const quiet = noise <= NOISE_LIMIT;
    const atMost = (name: string, value: number, goal: number): Ratio => ({
      name,
      value,
      goal,
      holds: quiet && value <= goal,
    });
    const rows = Array.from(medians, ([subject, microseconds]) => ({
      suite: 'stream',
      case: 'full speed',
      subject,
      metric: 'items',
      unit: '/s',
      ...spread(microseconds.map((each) => 1e6 / each)),
    }));
    const perItem = percentile(medians.get('pypool')!, 0.5);
    return {
      rows: rows.sort((a, b) => b.median - a.median),
      ratios: [
        atMost('floor against floor', noise, NOISE_LIMIT),
        atMost('time an item, over 10 us', perItem / (1e6 / ENOUGH_A_SECOND), 1),
      ],
      notes: [
        `pypool / floor: ${ratioOf(medians, 'pypool', 'floor').toFixed(2)}`,
        ...(quiet ? [] : [`floor against floor differs by ${percent(noise)}: the ratios do not count`]),
      ],
    };
  } finally {
    await lineup[Symbol.asyncDispose]();
  }
}

/** A consumer that takes an item a turn of its loop: what the producer holds at most, in short streams and long ones. */
async function slowConsumer({ quick, signal, progress }: SuiteContext): Promise<SuiteResult> {
  const lengths = quick ? [1_000, 4_000] : [1_000, 64_000];
  const pool = await createPythonPool({
    module: programFile('items.py'),
    python: PYTHON,
    size: 1,
    overflow: 0,
  });
  try {
    const peaks: number[] = [];
    for (const items of lengths) {
      progress(`${items} items to a slow consumer`);
      let last: string | number = 0;
      for await (const item of pool.stream<string | number>('count_and_watch', [items], { signal })) {
        last = item;
        await new Promise((resolve) => setImmediate(resolve));
      }
      peaks.push(Number(last));
    }
    const [short, long] = peaks as [number, number];
    const value = Math.max(0, long - short) / FLAT_BYTES;
    return {
      rows: lengths.map((items, at) => ({
        suite: 'stream',
        case: 'slow consumer',
        subject: `pypool, ${items} items`,
        metric: 'peak of Python memory',
        unit: 'KiB',
        ...spread([peaks[at]! / 1024]),
      })),
      ratios: [
        { name: `growth with the length of the stream, over 256 KiB`, value, goal: 1, holds: value <= 1 },
      ],
      notes: [],
    };
  } finally {
    await pool.close({ timeoutMs: 3_000 });
  }
}
