import { PYTHON, pythonWithNumpy } from '../machine/python.js';
import { startAll } from '../measure/alternate.js';
import type { Medians, Plan } from '../measure/alternate.js';
import { noiseOf, percent, ratioOf } from '../measure/noise.js';
import { percentile, spread } from '../measure/statistics.js';
import type { Ratio, Row, SuiteResult } from '../report/result.js';
import {
  payloadFloor,
  payloadMemcpy,
  payloadPypool,
  type PayloadSubject,
} from '../subjects/payload/payload-subjects.js';
import { payloadOf } from '../subjects/payload/payload.js';
import type { Suite, SuiteContext } from './suite.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

const SIZES = [1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144].map((size) => size * KIB);
const QUICK_SIZES = [MIB, 16 * MIB];

/** Beyond, numbers as JSON take a second a call and more, and nobody would send them so. */
const MAX_JSON_BYTES = MIB;

/** What a block moves, about: enough small calls to be timed, and one large one. */
const BLOCK_BYTES = 32 * MIB;

/** How often what was too noisy is measured. */
const ATTEMPTS = 2;

/** Large copies share the memory bus with whatever else runs. */
const NOISE_LIMIT = 1.1;

/** From here on, ratios count: below, it is the envelope that costs, and the suite `call` that measures it. */
const LEAST_BYTES = MIB;
const LARGE_BYTES = 64 * MIB;

/** What shared memory may cost over the channel: no more, and of what is large much less, into memory of its own for each result or into memory that is there. */
const GOAL_OF_SHARED = 1;
const GOAL_OF_LARGE = 1 / 1.5;
const GOAL_OF_LARGE_INTO = 1 / 2;

/** What pypool by default may cost over the raw socket: the array's envelope, and memory of its own for each result. */
const GOAL_OVER_SOCKET = 2;

/** At {@link LARGE_BYTES}, into memory that is there. */
const GOAL_GIB_PER_SECOND = 2.5;

/** How long no turn of the event loop may take. */
const GOAL_TURN_MS = 10;

/** One array at a time there and back, a new one each time. */
export const payload: Suite = {
  name: 'payload',
  pinned: true,
  summary: 'float64 arrays of 1 KiB to 256 MiB, echoed beside JSON numbers, a raw socket and memcpy',
  async run(context): Promise<SuiteResult> {
    const withNumpy = pythonWithNumpy();
    // Python waits while Node copies, and the other way round: on a core of its own, V8 would have nobody to help it.
    context.pinning.helpersAside();
    const parts: SuiteResult[] = [];
    for (const bytes of context.quick ? QUICK_SIZES : SIZES)
      parts.push(await ofSize(bytes, withNumpy ?? PYTHON, context));
    return {
      rows: parts.flatMap(({ rows }) => rows),
      ratios: parts.flatMap(({ ratios }) => ratios),
      notes: [
        'GiB/s: both ways added up; of memcpy, what was copied. The handler returns a new array in each, and each result is compared after the next call',
        withNumpy === undefined
          ? 'no Python with numpy was found (npm run test:extras makes one): the handler makes its array with array.array, whose memory the kernel has to find and clear page by page'
          : 'the handler makes its array with numpy',
        ...parts.flatMap(({ notes }) => notes),
      ],
    };
  },
};

async function ofSize(
  bytes: number,
  python: string,
  { quick, pinning, signal, progress }: SuiteContext,
): Promise<SuiteResult> {
  progress(sizeName(bytes));
  const values = payloadOf(bytes);
  const arrays = (['socket', 'shared memory', 'released', 'into'] as const).map((route) =>
    payloadPypool(values, route, python),
  );
  const lineup = await startAll(
    [
      ...arrays,
      // In a short run they would take half of the time, and no ratio is of them.
      ...(bytes <= MAX_JSON_BYTES && !quick ? [payloadPypool(values, 'JSON numbers', python)] : []),
      payloadFloor(values, python),
      payloadFloor(values, python, 'raw socket again'),
      payloadMemcpy(values),
    ],
    pinning,
  );
  try {
    let medians = await lineup.measure(planFor(bytes, quick), signal);
    const attempts = quick || bytes < LEAST_BYTES ? 1 : ATTEMPTS;
    for (let attempt = 1; attempt < attempts && !isQuiet(medians); attempt += 1) {
      progress(`${sizeName(bytes)}: the raw socket differs from itself: again`);
      medians = await lineup.measure(planFor(bytes, quick), signal);
    }
    const echoes = resultOf(bytes, medians);
    if (bytes < LARGE_BYTES) return echoes;
    const turns = await turnsOf(bytes, arrays, bytes > LARGE_BYTES ? 3 : 9);
    return {
      rows: [...echoes.rows, ...turns.rows],
      // A short run judges what the kernel need not find and clear memory for, page by page: of the rest it cannot tell what is far off.
      ratios: [...echoes.ratios, ...turns.ratios.filter(({ name }) => !quick || name.includes('released'))],
      notes: echoes.notes,
    };
  } finally {
    await lineup[Symbol.asyncDispose]();
  }
}

/** A few rounds of what takes long, and warm once it has made the memory that it needs. */
function planFor(bytes: number, quick: boolean): Plan {
  const callsPerBlock = Math.max(bytes > LARGE_BYTES ? 1 : 2, Math.min(50, Math.floor(BLOCK_BYTES / bytes)));
  return {
    rounds: quick || bytes > LARGE_BYTES ? 3 : bytes === LARGE_BYTES ? 7 : 9,
    warmUpCalls: Math.max(2, callsPerBlock),
    blocks: 1,
    callsPerBlock: quick ? Math.min(5, callsPerBlock) : callsPerBlock,
  };
}

function resultOf(bytes: number, medians: Medians): SuiteResult {
  const size = sizeName(bytes);
  const noise = noiseOfFloor(medians);
  const speed = (subject: string, microseconds: number): number =>
    ((subject === 'memcpy' ? 1 : 2) * bytes) / GIB / (microseconds / 1e6);
  const atMost = (name: string, value: number, goal: number): Ratio => ({
    name: `${size}: ${name}`,
    value,
    goal,
    holds: isQuiet(medians) && value <= goal,
  });
  const over = (subject: string, base: string): number => ratioOf(medians, subject, base);
  const isLarge = bytes >= LARGE_BYTES;
  const into = percentile(medians.get('pypool, into')!, 0.5);
  return {
    rows: Array.from(medians, ([subject, microseconds]) => ({
      suite: 'payload',
      case: size,
      subject,
      metric: 'echo',
      unit: 'GiB/s',
      ...spread(microseconds.map((each) => speed(subject, each))),
    })).sort((a, b) => b.median - a.median),
    ratios:
      bytes < LEAST_BYTES
        ? []
        : [
            atMost(
              "pypool's shared memory / raw socket",
              over('pypool, shared memory', 'raw socket'),
              GOAL_OVER_SOCKET,
            ),
            atMost(
              "pypool's shared memory / its socket",
              over('pypool, shared memory', 'pypool, socket'),
              isLarge ? GOAL_OF_LARGE : GOAL_OF_SHARED,
            ),
            ...(['released', 'into'] as const).map((route) =>
              atMost(
                `shared memory, ${route} / pypool's socket`,
                over(`pypool, ${route}`, 'pypool, socket'),
                isLarge ? GOAL_OF_LARGE_INTO : GOAL_OF_SHARED,
              ),
            ),
            // That has memory of its own for each result, too; the raw socket receives into memory that it has.
            ...(isLarge
              ? [
                  atMost(
                    'shared memory, into / raw socket',
                    over('pypool, into', 'raw socket'),
                    GOAL_OF_LARGE_INTO,
                  ),
                ]
              : []),
            ...(bytes === LARGE_BYTES
              ? [
                  atMost(
                    `${GOAL_GIB_PER_SECOND} GiB/s / shared memory, into`,
                    GOAL_GIB_PER_SECOND / speed('pypool, into', into),
                    1,
                  ),
                ]
              : []),
          ],
    notes: [
      ...(isQuiet(medians)
        ? []
        : [`${size}: the raw socket against itself differs by ${percent(noise)}: its ratios do not count`]),
      ...(bytes === MAX_JSON_BYTES && medians.has('pypool, JSON numbers')
        ? [
            `${size}: JSON numbers take ${over('pypool, JSON numbers', 'pypool, socket').toFixed(0)} times as long as bytes through the same channel; of more they are left out`,
          ]
        : []),
    ],
  };
}

function noiseOfFloor(medians: Medians): number {
  return noiseOf(medians, 'raw socket again', 'raw socket');
}

function isQuiet(medians: Medians): boolean {
  return noiseOfFloor(medians) <= NOISE_LIMIT;
}

/** How long each way to send an array keeps the event loop from everything else. */
async function turnsOf(
  bytes: number,
  subjects: readonly PayloadSubject[],
  calls: number,
): Promise<Pick<SuiteResult, 'rows' | 'ratios'>> {
  const size = sizeName(bytes);
  const rows: Row[] = [];
  const ratios: Ratio[] = [];
  for (const subject of subjects) {
    const longest = spread(await subject.longestTurns(calls));
    rows.push({
      suite: 'payload',
      case: size,
      subject: subject.name,
      metric: 'longest turn of the loop in a call',
      unit: 'ms',
      ...longest,
    });
    ratios.push({
      name: `${size}: longest turn of the loop, ${subject.name} / ${GOAL_TURN_MS} ms`,
      value: longest.median / GOAL_TURN_MS,
      goal: 1,
      holds: longest.median <= GOAL_TURN_MS,
    });
  }
  return { rows, ratios };
}

function sizeName(bytes: number): string {
  return bytes >= MIB ? `${bytes / MIB} MiB` : `${bytes / KIB} KiB`;
}
