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

/**
 * Send every file through the pool, as many at once as it likes to queue: the packages' files in a session named after the package,
 * the rest anonymously.
 *
 * @param onAnswer - called after each answer with the count so far.
 */
export async function runCensus(
  pool: PythonPool,
  files: readonly SourceFile[],
  onAnswer: (done: number) => void,
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
        onAnswer(facts.size);
        return;
      } catch (error) {
        // The worker died under this call, so whether it ran is unknown. Counting lines twice does no harm: ask again.
        if (!isPypoolError(error) || error.code !== 'worker-exited') throw error;
        madeAgain += 1;
      }
    }
  };

  await Promise.all(files.map(countOne));
  return { facts, madeAgain, answers };
}
