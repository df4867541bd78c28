/** What every caller sends and gets back: a small object of the kind that services pass around. */
export interface SmallObject {
  readonly id: number;
  readonly text: string;
  readonly tags: readonly string[];
}

/**
 * Make `count` calls, `callers` of them at once, each caller making its next one when it has its answer.
 *
 * @returns microseconds for one call, on the whole: what {@link RunningSubject.calls} of a busy subject answers, as its only value
 */
export async function busyCalls(
  call: (value: SmallObject) => Promise<unknown>,
  count: number,
  callers: number,
): Promise<readonly number[]> {
  let made = 0;
  const caller = async (): Promise<void> => {
    while (made < count) {
      const id = (made += 1);
      const answer = (await call({ id, text: 'hello', tags: ['a', 'b'] })) as SmallObject;
      if (answer.id !== id)
        throw new Error(`Expected the echo of object ${id}, got ${JSON.stringify(answer)}.`);
    }
  };
  const before = performance.now();
  await Promise.all(Array.from({ length: callers }, caller));
  return [((performance.now() - before) * 1000) / count];
}
