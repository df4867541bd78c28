import { expect, it } from 'vitest';

import { Counters } from '../observe/stats.js';
import { resolvePoolOptions } from '../options/resolve-options.js';
import { FakeClock } from '../test-support/fake-clock.js';
import { FakeFactory } from '../test-support/fake-worker.js';
import { CallBook } from './call-book.js';

it('keeps no call that is settled, however long no worker comes up', () => {
  const options = resolvePoolOptions({ factory: new FakeFactory(), clock: new FakeClock(), size: 1 });
  const book = new CallBook(options, new Counters(), { onDue: () => {}, onAbort: () => {} });
  const calls = Array.from({ length: 3 }, () => book.call('f', [], undefined, () => {}));
  for (const call of calls) book.watch(call);
  expect(book.early).toBe(3);
  for (const call of calls.slice(1)) book.succeed(call, undefined, 1_000);
  expect(book.early).toBe(1);
  book.runClocks();
  expect(book.early).toBe(0);
});
