import type { LiveWorker } from '../../../src/live/messages.js';

/** How many workers are ready, as the first of the figures shows it. */
export interface ReadyWorkers {
  /** Steady ones; `undefined` before the server has told. */
  readonly ready: number | undefined;
  /** Of how many, and how many overflow workers besides. */
  readonly of: string;
  /** `warn` where some of the steady ones are not. */
  readonly tone: '' | 'warn';
}

/** @param size steady workers that there are to be */
export function readyWorkers(
  workers: readonly Pick<LiveWorker, 'state' | 'overflow'>[] | undefined,
  size: number,
): ReadyWorkers {
  const all = workers?.filter(({ state }) => state === 'ready');
  const ready = all?.filter(({ overflow }) => !overflow).length;
  const extra = (all?.length ?? 0) - (ready ?? 0);
  return {
    ready,
    of: extra > 0 ? `of ${size}, and ${extra} overflow` : `of ${size}`,
    tone: ready !== undefined && ready < size ? 'warn' : '',
  };
}
