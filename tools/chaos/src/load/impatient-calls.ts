import { setTimeout as wait } from 'node:timers/promises';
import type { PoolCallOptions } from 'pypool';
import { type Random, Weights } from '../random.js';
import { ask, LOST_PATIENCE, read, type Target } from './one-call.js';

/** What a caller that gives up does, and how often of a hundred times. */
const KINDS = new Weights({
  'aborted at once': 25,
  'aborted call': 20,
  'aborted stream': 10,
  'aborted input': 6,
  'execution timeout': 12,
  'whole timeout': 12,
  deadline: 6,
  'checkout timeout': 6,
  'item timeout': 5,
  'resisted abort': 0.5,
  burst: 1,
});

/** Calls of one burst: more than the queue takes. */
const BURST = 300;

/** Callers that abort, time out, or ask for more than there is room for. */
export class ImpatientCalls {
  readonly #target: Target;

  constructor(target: Target) {
    this.#target = target;
  }

  /** Make one call, or one burst of them, of whatever kind the numbers say. Never rejects. */
  async one(random: Random): Promise<void> {
    const target = this.#target;
    const kind = KINDS.draw(random);
    const soonMs = Math.round(random.between(0, 40));
    const seconds = Math.round(random.between(0, 60)) / 1_000;
    const idempotent = random.chance(0.3);
    const nap = (options: PoolCallOptions) => {
      const name = random.pick(['nap', 'spin', 'nap_async']);
      return ask(target, {
        kind,
        name,
        args: [seconds],
        expected: seconds,
        options: { ...options, idempotent },
      });
    };
    switch (kind) {
      case 'aborted at once': {
        const abort = new AbortController();
        if (random.chance(0.2)) abort.abort(); // before the call is made
        const settled = nap({ signal: abort.signal });
        abort.abort();
        await settled;
        return;
      }
      case 'aborted call':
        await abortAfter(soonMs, (signal) => nap({ signal }));
        return;
      case 'aborted stream': {
        const items = random.below(100);
        const args = [random.pick([0, 0.001, 0.01])];
        await abortAfter(soonMs, (signal) =>
          read(target, {
            kind,
            name: random.pick(['count', 'count_async']),
            items,
            args,
            options: { signal },
          }),
        );
        return;
      }
      case 'aborted input': {
        const token = random.next().toString(36);
        const values = target.inputs.make({ token, items: Infinity, isAsync: true });
        const name = random.pick(['gather', 'gather_async']);
        const args = [token, values, Infinity];
        await abortAfter(soonMs, (signal) => ask(target, { kind, name, args, options: { signal } }));
        return;
      }
      case 'resisted abort':
        await abortAfter(soonMs, (signal) => ask(target, { kind, name: 'resist', options: { signal } }));
        return;
      case 'execution timeout':
        await nap({ executionTimeoutMs: soonMs });
        return;
      case 'whole timeout':
        await nap({ timeoutMs: soonMs });
        return;
      case 'deadline':
        await nap({ deadline: Date.now() + soonMs });
        return;
      case 'checkout timeout':
        await nap({ checkoutTimeoutMs: random.pick([0, 1, 10]) });
        return;
      case 'item timeout': {
        const options = { itemTimeoutMs: soonMs };
        await read(target, {
          kind,
          name: random.pick(['count', 'count_async']),
          items: 5,
          args: [seconds],
          options,
        });
        return;
      }
      case 'burst': {
        const calls = Array.from({ length: BURST }, () =>
          ask(target, { kind, name: 'echo', args: [soonMs], expected: soonMs }),
        );
        await Promise.all(calls);
        return;
      }
    }
  }
}

/** Abort what is begun after a while, unless it has ended. */
async function abortAfter(ms: number, begin: (signal: AbortSignal) => Promise<boolean>): Promise<void> {
  const abort = new AbortController();
  const over = new AbortController();
  const settled = begin(abort.signal).finally(() => over.abort());
  await wait(ms, undefined, { signal: over.signal }).catch(() => undefined);
  abort.abort(new Error(LOST_PATIENCE));
  await settled;
}
