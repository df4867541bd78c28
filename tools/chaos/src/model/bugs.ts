import { BUGS } from '../planted/bugs.js';
import type { PlantedBug } from '../planted/plant.js';

/** A bug of the lab's list that lies in the pool itself, and so is the same here. */
function ofTheLab(name: string): PlantedBug {
  return BUGS.find((bug) => bug.name === name)!;
}

/**
 * The bugs that the model must find. Its workers have neither a wire nor a runtime: what the lab plants below the pool is planted here in the form
 * that it has above, where the pool trusts its worker or does not.
 */
export const MODEL_BUGS: readonly PlantedBug[] = [
  {
    name: 'late-reply',
    about: 'a late reply delivered: what a worker says after its answer counts as an answer',
    file: 'packages/pool/src/call/attempt.ts',
    find: 'onResult(value: unknown): void {\n    if (this.#answered) return;',
    replace: 'onResult(value: unknown): void {',
  },
  ofTheLab('unknown-retried'),
  {
    name: 'taken-back',
    about: 'a call taken back without the answer: its place is free as soon as its worker is asked to end it',
    file: 'packages/pool/src/call/call-course.ts',
    find: 'attempt.worker.worker?.cancel(attempt, error);',
    replace:
      'attempt.worker.worker?.cancel(attempt, error);\n      this.#pool.calls.release(attempt, this.#pool.options.clock.now());\n      this.#book.fail(call, error);',
  },
  ofTheLab('lost-exit'),
  ofTheLab('place-released-twice'),
  {
    name: 'pause-unheard',
    about: 'nobody looks again when the pause after a failed start is over',
    file: 'packages/pool/src/lifecycle/start-policy.ts',
    find: 'this.#pauseEndsAt = -Infinity;\n    this.#owner.reconcile();',
    replace: 'this.#pauseEndsAt = -Infinity;',
  },
  {
    name: 'budget-forgotten',
    about: 'a call that ran when its wait would have been over is not watched for its whole budget',
    file: 'packages/pool/src/call/deadlines.ts',
    find: 'else this.add(call, now);',
    replace: '',
  },
  {
    name: 'aborted-in-queue',
    about: 'a call aborted while it waits keeps its place in the queue',
    file: 'packages/pool/src/call/call-course.ts',
    find: 'this.#pool.calls.withdraw(call);',
    replace: '',
  },
  {
    name: 'stream-for-nobody',
    about: 'a stream whose consumer has left is given to another worker',
    file: 'packages/pool/src/lifecycle/retry.ts',
    find: '!call.wanted || ',
    replace: '',
  },
  {
    name: 'limit-exceeded',
    about: 'one more call of a function runs than may',
    file: 'packages/pool/src/dispatch/function-limits.ts',
    find: 'line === undefined || line.running < line.limit',
    replace: 'line === undefined || line.running <= line.limit',
  },
  {
    name: 'replaced-together',
    about: 'a worker is replaced while another is still on its way out',
    file: 'packages/pool/src/strategies/recycling.ts',
    find: 'if (leaving || due.length === 0',
    replace: 'if (due.length === 0',
  },
  {
    name: 'reloaded-too-soon',
    about: 'reload() resolves while a worker from before it is left',
    file: 'packages/pool/src/lifecycle/reload.ts',
    find: 'this.#take(({ line }) => line < oldest)',
    replace: 'this.#take(({ line }) => line <= oldest)',
  },
  {
    name: 'too-many-after-resize',
    about: 'workers above the new size stay',
    file: 'packages/pool/src/lifecycle/turnover.ts',
    find: 'if (tooMany > 0)',
    replace: 'if (tooMany > 1)',
  },
  {
    name: 'bytes-kept',
    about: 'a call that waits no more still weighs',
    file: 'packages/pool/src/dispatch/queue-bytes.ts',
    find: 'this.#total -= bytes;',
    replace: '',
  },
  {
    name: 'timer-left',
    about: 'a closed pool leaves the timer of recycling behind',
    file: 'packages/pool/src/lifecycle/recycling.ts',
    find: 'this.#stopped = true;\n    this.#timer?.cancel();',
    replace: 'this.#stopped = true;',
  },
  {
    name: 'hostages-kept',
    about: 'calls that were sent ahead are not asked back, however long the call before them goes on',
    file: 'packages/pool/src/dispatch/take-back.ts',
    find: 'else this.ask(record);',
    replace: '',
  },
  {
    name: 'given-back-and-lost',
    about: 'a call that was given back is put into no queue',
    file: 'packages/pool/src/dispatch/dispatcher.ts',
    find: 'record.calls -= 1;\n    this.retry(call);',
    replace: 'record.calls -= 1;',
  },
  {
    name: 'ahead-takes-a-place',
    about: 'the place of a call that was answered is free although a call that was sent ahead takes it',
    file: 'packages/pool/src/worker/roster.ts',
    find: 'record.ahead -= 1;\n      this.ahead -= 1;\n      return;',
    replace: 'record.ahead -= 1;\n      this.ahead -= 1;',
  },
  {
    name: 'asked-and-given-elsewhere',
    about: 'a call is taken for given back when it is asked for, before its worker has said so',
    file: 'packages/pool/src/dispatch/take-back.ts',
    find: 'if (wanted.length > 0) record.worker?.revoke?.(wanted);',
    replace:
      'if (wanted.length > 0) record.worker?.revoke?.(wanted);\n    for (const attempt of wanted) attempt.onRevoked();',
  },
  {
    name: 'ahead-brings-nobody',
    about: 'no worker is started for calls that wait at another',
    file: 'packages/pool/src/dispatch/capacity.ts',
    find: ': eligible + ahead;',
    replace: ': eligible;',
  },
  {
    name: 'limit-overlooked',
    about: 'calls of a function with a limit are sent ahead like any other',
    file: 'packages/pool/src/dispatch/prefetch.ts',
    find: 'return !this.#parts.limits.has(call.name);',
    replace: 'return true;',
  },
];
