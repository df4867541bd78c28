/** Farthest a timer reaches; it is not meant to fire. */
const FOREVER_MS = 2 ** 31 - 1;

/** Keep Node alive while `work` is pending: the processes and pipes it waits for do not. */
export async function keepAliveDuring<T>(work: Promise<T>): Promise<T> {
  const hold = setInterval(() => undefined, FOREVER_MS);
  try {
    return await work;
  } finally {
    clearInterval(hold);
  }
}
