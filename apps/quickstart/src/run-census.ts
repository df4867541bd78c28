import { isPypoolError, type PythonPool } from 'pypool';
import type { ModuleFacts } from './facts.js';
import type { SourceFile } from './library.js';

/** What came of sending every file through the pool. */
export interface CensusResult {
  /** By path; each file exactly once. */
  readonly facts: ReadonlyMap<string, ModuleFacts>;
  /** Calls that were lost with their worker and made again. */
  readonly madeAgain: number;
  /** How often each file was answered, to prove that nothing was doubled. */
  readonly answers: ReadonlyMap<string, number>;
}

/** Files on their way at once: two for each worker, so that none waits for us. */
const AT_ONCE = 4;

/**
 * Send every file through the pool: the packages' files in a session named after the package, the rest anonymously.
 *
 * @param onAnswer - called after each answer with the count so far, and how many calls had to be made again.
 */
export async function runCensus(
  pool: PythonPool,
  files: readonly SourceFile[],
  onAnswer: (done: number, madeAgain: number) => void,
): Promise<CensusResult> {
  const facts = new Map<string, ModuleFacts>();
  const answers = new Map<string, number>();
  let madeAgain = 0;

  const countOne = async (file: SourceFile): Promise<void> => {
    const door = file.package === undefined ? pool : pool.session(file.package);
    for (;;) {
      try {
        const answer = await door.call<ModuleFacts>('census', [file.path]);
        facts.set(file.path, answer);
        answers.set(file.path, (answers.get(file.path) ?? 0) + 1);
        onAnswer(facts.size, madeAgain);
        return;
      } catch (error) {
        // The worker died under this call, so whether it ran is unknown. Counting lines twice does no harm: ask again.
        if (!isPypoolError(error) || error.code !== 'worker-exited') throw error;
        madeAgain += 1;
      }
    }
  };

  const waiting = files.values();
  const countOn = async (): Promise<void> => {
    for (const file of waiting) await countOne(file);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, countOn));
  return { facts, madeAgain, answers };
}
