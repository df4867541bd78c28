import { startAll } from '../measure/alternate.js';
import type { Medians, Plan } from '../measure/alternate.js';
import { noiseOf, percent, ratioOf } from '../measure/noise.js';
import { spread } from '../measure/statistics.js';
import type { SuiteResult } from '../report/result.js';
import { payloadFloor, payloadMemcpy, payloadPypool } from '../subjects/payload/payload-subjects.js';
import type { Suite, SuiteContext } from './suite.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

const SIZES = [KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB, 16 * MIB, 64 * MIB, 256 * MIB];
const QUICK_SIZES = [MIB, 16 * MIB];

/** Beyond, numbers as JSON take seconds a call, and nobody would send them so. */
const MAX_JSON_BYTES = MIB;

/** What a block moves, about: enough small calls to be timed, and a few large ones. */
const BLOCK_BYTES = 128 * MIB;

/** Large copies share the memory bus with whatever else runs. */
const NOISE_LIMIT = 1.1;

/** What shared memory may cost over the channel, at any size; and into a fresh buffer, from the size on that the goal is set for. */
const GOAL_OF_SHARED = 1;
const GOAL_OF_SHARED_LARGE = 1 / 1.5;
/** Into memory that was released, from that size on. */
const GOAL_OF_RELEASED = 1 / 2;
const LARGE_BYTES = 64 * MIB;

/** What it may cost over the raw socket, at any size: the array's envelope, and memory of its own for each result. */
const GOAL_OVER_SOCKET = 2;

/** One array at a time there and back, a new one each time. */
export const payload: Suite = {
  name: 'payload',
  pinned: true,
  summary: 'float64 arrays of 1 KiB to 256 MiB, echoed beside JSON numbers, a raw socket and memcpy',
  async run(context): Promise<SuiteResult> {
    const parts: SuiteResult[] = [];
    for (const bytes of context.quick ? QUICK_SIZES : SIZES) parts.push(await ofSize(bytes, context));
    return {
      rows: parts.flatMap(({ rows }) => rows),
      ratios: parts.flatMap(({ ratios }) => ratios),
      notes: [
        'GiB/s: both ways added up; of memcpy, what was copied. The handler returns a new array in each, and each result is compared after the next call',
        ...parts.flatMap(({ notes }) => notes),
      ],
    };
  },
};

async function ofSize(bytes: number, { quick, pinning, signal, progress }: SuiteContext) {
  progress(sizeName(bytes));
  const lineup = await startAll(
    [
      payloadPypool(bytes, 'socket'),
      payloadPypool(bytes, 'shared memory'),
      payloadPypool(bytes, 'released'),
      ...(bytes <= MAX_JSON_BYTES ? [payloadPypool(bytes, 'JSON numbers')] : []),
      payloadFloor(bytes),
      payloadFloor(bytes, 'raw socket again'),
      payloadMemcpy(bytes),
    ],
    pinning,
  );
  try {
    return resultOf(bytes, await lineup.measure(planFor(bytes, quick), signal));
  } finally {
    await lineup[Symbol.asyncDispose]();
  }
}

function planFor(bytes: number, quick: boolean): Plan {
  const callsPerBlock = Math.max(1, Math.min(50, Math.floor(BLOCK_BYTES / bytes / 4)));
  return {
    rounds: quick ? 3 : 9,
    warmUpCalls: quick ? 2 : 2 * callsPerBlock,
    blocks: quick ? 1 : 2,
    callsPerBlock: quick ? Math.min(5, callsPerBlock) : callsPerBlock,
  };
}

function resultOf(bytes: number, medians: Medians): SuiteResult {
  const size = sizeName(bytes);
  const noise = noiseOf(medians, 'raw socket again', 'raw socket');
  const quiet = noise <= NOISE_LIMIT;
  const rows = Array.from(medians, ([subject, microseconds]) => ({
    suite: 'payload',
    case: size,
    subject,
    metric: 'echo',
    unit: 'GiB/s',
    ...spread(microseconds.map((each) => ((subject === 'memcpy' ? 1 : 2) * bytes) / GIB / (each / 1e6))),
  }));
  const shared = ratioOf(medians, 'pypool, shared memory', 'pypool, socket');
  const goalOfShared = bytes >= LARGE_BYTES ? GOAL_OF_SHARED_LARGE : GOAL_OF_SHARED;
  const released = ratioOf(medians, 'pypool, released', 'pypool, socket');
  const goalOfReleased = bytes >= LARGE_BYTES ? GOAL_OF_RELEASED : GOAL_OF_SHARED;
  const overSocket = ratioOf(medians, 'pypool, socket', 'raw socket');
  return {
    rows: rows.sort((a, b) => b.median - a.median),
    // Below, it is the envelope that costs, and the suite `call` that measures it.
    ratios:
      bytes < MIB
        ? []
        : [
            {
              name: `${size}: pypool's socket / raw socket`,
              value: overSocket,
              goal: GOAL_OVER_SOCKET,
              holds: quiet && overSocket <= GOAL_OVER_SOCKET,
            },
            {
              name: `${size}: pypool's shared memory / its socket`,
              value: shared,
              goal: goalOfShared,
              holds: quiet && shared <= goalOfShared,
            },
            {
              name: `${size}: into released memory / pypool's socket`,
              value: released,
              goal: goalOfReleased,
              holds: quiet && released <= goalOfReleased,
            },
          ],
    notes: quiet
      ? []
      : [`${size}: the raw socket against itself differs by ${percent(noise)}: its ratios do not count`],
  };
}

function sizeName(bytes: number): string {
  return bytes >= MIB ? `${bytes / MIB} MiB` : `${bytes / KIB} KiB`;
}
