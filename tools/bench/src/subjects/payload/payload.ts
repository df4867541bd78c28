/** How many values of each payload tell one call's from the next one's. */
const STAMPS = 64;

/** Sends an array to Python and has a new one of the same values back. */
export type Echo = (values: Float64Array) => Promise<Float64Array>;

/**
 * Time echoes of an array of `bytes`. No two calls send the same values, and each result is compared after the *next* call: memory that is
 * used again too early shows.
 *
 * @param onDone - told of each result once it has been compared.
 * @returns what measures so many of them, in microseconds each.
 */
export function timedEchoes(
  echo: Echo,
  bytes: number,
  onDone: (result: Float64Array) => void = () => undefined,
): (count: number) => Promise<readonly number[]> {
  const values = Float64Array.from({ length: bytes / 8 }, (_, index) => Math.sin(index));
  const step = Math.max(1, Math.floor(values.length / STAMPS));
  let calls = 0;
  let last: { readonly result: Float64Array; readonly call: number } | undefined;
  const lookAtLast = (): void => {
    if (last === undefined) return;
    check(last.result, last.call, values, step);
    onDone(last.result);
    last = undefined;
  };

  return async (count) => {
    const times: number[] = [];
    for (let made = 0; made < count; made += 1) {
      calls += 1;
      for (let at = 0; at < values.length; at += step) values[at] = calls + at / values.length;
      const before = performance.now();
      const result = await echo(values);
      times.push((performance.now() - before) * 1000);
      lookAtLast();
      last = { result, call: calls };
    }
    // Between blocks nothing is kept that others would have to share the memory with.
    lookAtLast();
    return times;
  };
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
