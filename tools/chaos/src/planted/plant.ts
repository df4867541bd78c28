import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A bug of the kind that pools have, as a change of one text of the product. It leaves no trace there: it is planted while the product is loaded. */
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
  /** Arguments of the lab, where it has to be run in a certain way. */
  readonly lab?: readonly string[];
}

const ROOT = new URL('../../../../', import.meta.url);

/** Names the variable that tells {@link plantedBug} of a process what is planted into it, as JSON. */
const VARIABLE = 'PYPOOL_PLANTED_BUG';

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
  const pieces = readFileSync(fileOf(bug), 'utf8').split(bug.find);
  if (pieces.length !== 2) {
    throw new Error(
      `Bug "${bug.name}" cannot be planted: ${bug.file} has its text ${pieces.length - 1} times instead of once: ${bug.find}`,
    );
  }
  return `${bug.prepend ?? ''}\n${pieces.join(bug.replace)}`;
}

/** How a process with a bug is started: more arguments for Node, and its environment. Without one: as any other. */
export function planting(bug: PlantedBug | undefined): {
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
} {
  const sources = ['--import', 'tsx', '--conditions=@pypool/source'];
  if (bug === undefined) return { args: sources, env: process.env };
  const register = new URL('register.ts', import.meta.url).href;
  return {
    args: [...sources, '--import', register],
    env: { ...process.env, [VARIABLE]: JSON.stringify(bug) },
  };
}

/** What is planted into this process. */
export function plantedBug(): PlantedBug {
  return JSON.parse(process.env[VARIABLE] ?? 'null') as PlantedBug;
}
