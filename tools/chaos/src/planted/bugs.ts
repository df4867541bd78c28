import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A bug of the kind that pools have, as a change of one text of the product. */
export interface PlantedBug {
  readonly name: string;
  /** What the bug is, for people. */
  readonly about: string;
  /** From the root of the repository. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** A line before all others. */
  readonly prepend?: string;
}

/** The bugs that the lab must find. None leaves a trace in the product: they are planted while it is loaded. */
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
    about: 'a call taken back without the answer: a dead worker is said never to have begun with it',
    file: 'packages/worker/src/life/process-worker.ts',
    find: "ran || !this.#repliesExact ? 'unknown' : 'not-started'",
    replace: "'not-started'",
  },
  {
    name: 'lost-exit',
    about: 'a lost exit: the pool does not hear of the end of every fourth worker',
    file: 'packages/pool/src/worker/supervisor.ts',
    find: "if (record.state.kind === 'dead') return;",
    replace: "if (record.state.kind === 'dead' || record.number % 4 === 0) return;",
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

const ROOT = new URL('../../../../', import.meta.url);

/** The file that a bug is planted into. */
export function fileOf(bug: PlantedBug): string {
  return fileURLToPath(new URL(bug.file, ROOT));
}

/**
 * The file's text with the bug in it.
 *
 * @throws Error where the product has changed so that the bug has no place any more: it must be planted elsewhere then.
 */
export function withBug(bug: PlantedBug): string {
  const text = readFileSync(fileOf(bug), 'utf8');
  const pieces = text.split(bug.find);
  if (pieces.length === 2) return `${bug.prepend ?? ''}\n${pieces.join(bug.replace)}`;
  throw new Error(
    `Bug "${bug.name}" cannot be planted: ${bug.file} has its text ${pieces.length - 1} times instead of once: ${bug.find}`,
  );
}

/** @throws Error that names the bugs there are. */
export function bugNamed(name: string): PlantedBug {
  const bug = BUGS.find((one) => one.name === name);
  if (bug !== undefined) return bug;
  throw new Error(`No bug is named "${name}"; there are ${BUGS.map((one) => one.name).join(', ')}.`);
}
