import { garbageCollected } from '../../measure/garbage.js';

/** From here on a call makes so much garbage that whoever comes next pays for it, unless it is collected before. */
const GARBAGE_BYTES = 4 * 1024 * 1024;

/** How many values of each payload tell one call's from the next one's. */
const STAMPS = 64;

/** Sends an array to Python and has a new one of the same values back. */
export type Echo = (values: Float64Array) => Promise<Float64Array>;

/** Echoes of one array by one route. */
export interface Echoes {
  /** Make so many, one after the other; how long each took, in microseconds. */
  timed(count: number): Promise<readonly number[]>;
  /** Make so many; how long the longest turn of the event loop was in each, in milliseconds. */
  longestTurns(count: number): Promise<readonly number[]>;
}

/** An array of so many bytes, made once for all who echo it: no two of its values are the same. */
export function payloadOf(bytes: number): Float64Array {
  const values = new Float64Array(bytes / Float64Array.BYTES_PER_ELEMENT);
  for (let index = 0; index < values.length; index += 1) values[index] = Math.sin(index);
  return values;
}

/**
 * Echo an array. No two calls send the same values, and each result is compared after the *next* call: memory that is used again too early
 * shows.
 *
 * @param onDone - told of each result once it has been compared.
 */
export function echoesOf(
  echo: Echo,
  values: Float64Array,
  onDone: (result: Float64Array) => void = () => undefined,
): Echoes {
  const step = Math.max(1, Math.floor(values.length / STAMPS));
  let calls = 0;
  let last: { readonly result: Float64Array; readonly call: number } | undefined;
  const lookAtLast = (): void => {
    if (last === undefined) return;
    check(last.result, last.call, values, step);
    onDone(last.result);
    last = undefined;
  };

  async function each(
    count: number,
    measured: (call: () => Promise<void>) => Promise<number>,
  ): Promise<readonly number[]> {
    const figures: number[] = [];
    // What others have left is collected, and what they have put out of the caches is back after a call that does not count.
    const uncounted = values.byteLength >= GARBAGE_BYTES ? 1 : 0;
    if (uncounted > 0) await garbageCollected();
    for (let made = 0; made < count + uncounted; made += 1) {
      calls += 1;
      for (let at = 0; at < values.length; at += step) values[at] = calls + at / values.length;
      let result!: Float64Array;
      figures.push(
        await measured(async () => {
          result = await echo(values);
        }),
      );
      lookAtLast();
      last = { result, call: calls };
    }
    // Between blocks nothing is kept that others would have to share the memory with.
    lookAtLast();
    return figures.slice(uncounted);
  }

  return { timed: (count) => each(count, timeOf), longestTurns: (count) => each(count, longestTurnOf) };
}

async function timeOf(call: () => Promise<void>): Promise<number> {
  const before = performance.now();
  await call();
  return (performance.now() - before) * 1000;
}

async function longestTurnOf(call: () => Promise<void>): Promise<number> {
  let [longest, last, isOver] = [0, performance.now(), false];
  const tick = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isOver) setImmediate(tick);
  };
  setImmediate(tick);
  await call();
  isOver = true;
  tick();
  return longest;
}

/** Compare all stamps, and a few values between them. */
function check(result: Float64Array, call: number, sent: Float64Array, step: number): void {
  if (result.length !== sent.length)
    throw new Error(`Sent ${sent.length} numbers, got ${result.length} back.`);
  for (let at = 0; at < sent.length; at += step) {
    const between = at + (step >> 1);
    const isSame = step < 2 || between >= sent.length || result[between] === sent[between];
    if (result[at] !== call + at / sent.length || !isSame)
      throw new Error(`The echo of call ${call} holds ${result[at]} at ${at}: not what was sent.`);
  }
}
