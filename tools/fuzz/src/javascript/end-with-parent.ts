import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

// Asked as early as can be: the thread below may come to its first line when the parent is gone already.
const parent = process.ppid;

/** What looks each second, on a thread of its own: the main thread may never come back from an input. */
const WATCH = `
  const { workerData: parent } = require('node:worker_threads');
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
  }, 1000);
`;

/** End this process when its parent is gone, whatever it does by then. Resolves when that is watched; keeps nothing alive. */
export async function endWithParent(): Promise<void> {
  // Without the loaders of this thread: it is plain JavaScript.
  const watch = new Worker(WATCH, { eval: true, execArgv: [], workerData: parent });
  await once(watch, 'online');
  watch.unref();
}
