import { EventEmitter, once } from 'node:events';
import { expect, it } from 'vitest';
import type { LoneWorkerOptions } from '../src/index.js';
import { leavesNothing, workerFor } from './worker-for.js';

leavesNothing();

/** What a worker suggests before it answers a call and is closed. */
async function suggestionsOf(module: string, options: Partial<LoneWorkerOptions> = {}): Promise<string[]> {
  const told: string[] = [];
  await using worker = await workerFor(module, options);
  worker.on('suggestion', ({ message }) => told.push(message));
  await worker.call('echo', [1]);
  await worker.close();
  return told;
}

it('suggests the engine async to whoever serves nothing but asynchronous functions one at a time', async () => {
  const heard = new EventEmitter();
  await using worker = await workerFor('only_async');
  const told = once(heard, 'told');
  worker.on('suggestion', ({ message }) => heard.emit('told', message));
  expect(await told).toEqual([expect.stringContaining("engine 'async'")]);
});

it('suggests nothing where a function is plain, or the engine another', async () => {
  expect(await suggestionsOf('echo')).toEqual([]);
  expect(await suggestionsOf('only_async', { engine: 'async', concurrency: 2 })).toEqual([]);
});
