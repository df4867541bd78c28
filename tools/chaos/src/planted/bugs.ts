import type { PlantedBug } from './plant.js';

/** The bugs that the lab must find. */
export const BUGS: readonly PlantedBug[] = [
  {
    name: 'late-reply',
    about: 'a late reply delivered: to the call that the worker was given next',
    file: 'packages/pypool/src/python-pool.ts',
    find: 'factory: workers',
    replace: 'factory: lateReplies(workers)',
    prepend: `import { lateReplies } from '${new URL('late-replies.ts', import.meta.url).href}';`,
  },
  {
    name: 'unknown-retried',
    about: 'a call whose worker died is given to another, idempotent or not',
    file: 'packages/pool/src/lifecycle/retry.ts',
    find: 'call.terms.idempotent ?? worker.functions?.get(call.name)?.idempotent ?? false',
    replace: 'true',
  },
  {
    name: 'taken-back',
    about:
      'a call taken back without the answer: what was sent ahead counts as given back after 5 ms, whatever the worker does',
    file: 'packages/pool/src/dispatch/prefetch.ts',
    find: 'this.takeBack.watch();',
    replace: 'setTimeout(() => attempt.onRevoked(), 5);',
    lab: ['--engine', 'sync', '--prefetch', 'on'],
  },
  {
    name: 'death-not-started',
    about: 'a dead worker is said never to have begun with its calls',
    file: 'packages/worker/src/life/worker-end.ts',
    find: "ran || !this.#repliesExact ? 'unknown' : 'not-started'",
    replace: "'not-started'",
  },
  {
    name: 'lost-exit',
    about: 'a lost exit: the pool does not hear of the end of every fourth worker',
    file: 'packages/pool/src/worker/supervisor.ts',
    find: "if (record.state.kind === 'dead') return;\n    if (record.state.kind === 'ready')",
    replace:
      "if (record.state.kind === 'dead' || record.number % 4 === 0) return;\n    if (record.state.kind === 'ready')",
  },
  {
    name: 'input-left-open',
    about: 'an iterable that a call was given is not closed where the call ends before it',
    file: 'packages/worker/src/calls/call-input.ts',
    find: 'this.#ended = true;\n    close(this.#iterator);',
    replace: 'this.#ended = true;',
  },
  {
    name: 'place-released-twice',
    about: 'a place released twice, with every tenth call of a worker',
    file: 'packages/pool/src/dispatch/running-calls.ts',
    find: 'this.#roster.vacate(worker, now);',
    replace:
      'this.#roster.vacate(worker, now);\n    if (worker.calls % 10 === 0) this.#roster.vacate(worker, now);',
  },
];
