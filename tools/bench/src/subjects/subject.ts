/** How many workers, processes or threads every subject gets. */
export const WORKERS = 2;

/** Something that answers calls, to be measured beside others. */
export interface Subject {
  readonly name: string;
  /** Bring its workers up, each having answered once. */
  start(): Promise<RunningSubject>;
}

/** A subject that is up. Whoever started it closes it. */
export interface RunningSubject {
  /** Make `count` calls of `echo('hello')`, one after the other; how long each took, in microseconds. */
  calls(count: number): Promise<readonly number[]>;
  /** Processes that drive workers of their own, and belong on Node's core rather than on that of the workers. */
  readonly drivers?: readonly number[];
  /** End everything it started, within a few seconds. */
  close(): Promise<void>;
}

/** The payload of every call. */
export const PAYLOAD = 'hello';

/** Time calls that are made from Node. */
export async function timedCalls(call: () => Promise<unknown>, count: number): Promise<readonly number[]> {
  const times: number[] = [];
  for (let made = 0; made < count; made += 1) {
    const before = performance.now();
    const answer = await call();
    times.push((performance.now() - before) * 1000);
    if (answer !== PAYLOAD)
      throw new Error(`Expected the echo of '${PAYLOAD}', got ${JSON.stringify(answer)}.`);
  }
  return times;
}
