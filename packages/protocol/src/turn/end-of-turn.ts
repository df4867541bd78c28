import { throwLater } from '../errors/throw-later.js';

const SETTLED = Promise.resolve();

let tasks: (() => void)[] = [];

/**
 * Run something at the end of this turn of the event loop, when its callbacks, microtasks and ticks are done, and before anything is waited for. What is
 * asked for first is done first; one promise and one tick serve all that is asked for in a turn.
 *
 * @param task - Should not throw: an uncaught exception follows, and the others run all the same.
 */
export function atEndOfTurn(task: () => void): void {
  if (tasks.push(task) === 1) void SETTLED.then(afterMicrotasks);
}

/**
 * A bare `nextTick` from the main program or an I/O callback runs before the microtasks of that turn. Asked for from a microtask, it runs when all of them
 * are done.
 */
function afterMicrotasks(): void {
  process.nextTick(runAll);
}

function runAll(): void {
  // Those that are asked for meanwhile, too.
  for (let next = 0; next < tasks.length; next += 1) {
    try {
      tasks[next]!();
    } catch (error) {
      throwLater(error);
    }
  }
  tasks = []; // faster than to set its length
}
