import { describe, expect, it } from 'vitest';

import { flush } from '../test-support/fake-clock.js';
import { fakePool, rejection, standings } from '../test-support/fake-pool.js';
import { died } from '../test-support/fake-worker.js';

const kilobyte = () => ['x'.repeat(1_000)];

describe('maxQueueBytes', () => {
  it('refuses a call whose arguments are too much beside those that wait, and says both numbers', async () => {
    const { pool, factory } = await fakePool({ maxQueueBytes: 2_500 });
    void pool.call('running', kilobyte());
    const waiting = [pool.call('a', kilobyte()), pool.call('b', [Buffer.alloc(1_000)])];
    expect(pool.status().queuedBytes).toBe(2_016);
    const error = await rejection(pool.call('c', kilobyte()));
    expect(error).toMatchObject({
      code: 'queue-full',
      retryable: true,
      context: { queued: 2, maxQueue: 1_000, maxQueueBytes: 2_500, queuedBytes: 2_016, callBytes: 1_008 },
    });
    expect(error.message).toContain('about 2016 bytes wait, this call has 1008 and maxQueueBytes is 2500');
    expect(await standings(waiting)).toEqual(['pending', 'pending']);
    // A small one still finds room.
    waiting.push(pool.call('d', [1]));
    for (let n = 0; n < 4; n += 1) factory.workers[0]!.answer(n);
    expect(await Promise.all(waiting)).toEqual([1, 2, 3]);
    expect(pool.status().queuedBytes).toBe(0);
  });

  it('lets one call wait, whatever it weighs, and weighs nothing that runs at once', async () => {
    const { pool, factory } = await fakePool({ maxQueueBytes: 0, mode: 'manual', start: 'lazy' });
    const first = pool.call('first', kilobyte());
    expect(await standings([first, pool.call('second', [1])])).toEqual(['pending', 'queue-full']);
    expect(pool.health().reasons).toContain('the queue is full: 1 calls wait');
    factory.pending[0]!.succeed();
    await flush();
    expect(pool.status()).toMatchObject({ running: 1, queuedBytes: 0 });
    factory.workers[0]!.answer();
    await first;
    const third = pool.call('third', kilobyte());
    expect(pool.status().queuedBytes).toBe(0);
    factory.workers[0]!.answer('ran');
    expect(await third).toBe('ran');
  });

  it('counts a call that waits once more, and refuses it nothing', async () => {
    const { pool, factory } = await fakePool({ maxQueueBytes: 1_000, mode: 'manual' });
    factory.pending[0]!.succeed();
    await flush();
    const retried = pool.call('retried', kilobyte());
    const waiting = pool.call('waiting', kilobyte());
    factory.workers[0]!.fail(died('not-started'));
    expect(pool.status()).toMatchObject({ queued: 2, queuedBytes: 2_016 });
    await flush();
    factory.pending[0]!.succeed();
    await flush();
    factory.workers[1]!.answer(1);
    factory.workers[1]!.answer(2);
    expect(await Promise.all([retried, waiting])).toEqual([1, 2]);
  });

  it('forgets calls that are aborted, refused by a strategy or by a close', async () => {
    const abort = new AbortController();
    let throws = false;
    const { pool, factory } = await fakePool({
      maxQueueBytes: 10_000,
      selection: {
        name: 'moody',
        select(_call, [worker]) {
          if (throws) throw new Error('no');
          return worker?.inFlight === 0 ? worker : null;
        },
      },
    });
    void pool.call('running');
    const aborted = rejection(pool.call('aborted', kilobyte(), { signal: abort.signal }));
    const refused = rejection(pool.call('refused', kilobyte()));
    abort.abort();
    expect(await aborted).toMatchObject({ code: 'aborted' });
    expect(pool.status().queuedBytes).toBe(1_008);
    throws = true;
    factory.workers[0]!.answer();
    expect(await refused).toMatchObject({ code: 'internal' });
    expect(pool.status().queuedBytes).toBe(0);
    throws = false;
    void rejection(pool.call('running'));
    const closed = rejection(pool.call('closed', kilobyte()));
    void pool.close({ force: true });
    expect(await closed).toMatchObject({ code: 'pool-closed' });
    expect(pool.status().queuedBytes).toBe(0);
  });
});
