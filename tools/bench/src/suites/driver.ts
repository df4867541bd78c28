import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { reaped } from '../subjects/child.js';

/**
 * Run a program of the bench in a Node of its own, whose heap nothing else fills: `input` is its argument, as JSON, and its lines are
 * answers, each JSON. It has `gc()`.
 */
export async function* answersOf<Answer>(
  program: URL,
  input: unknown,
  signal: AbortSignal,
): AsyncGenerator<Answer> {
  const child = spawn(
    process.execPath,
    [...process.execArgv, '--expose-gc', program.pathname, JSON.stringify(input)],
    { stdio: ['ignore', 'pipe', 'inherit'], signal },
  );
  // Told by its exit as well: an abort is an error of the child.
  const failure = new Promise<Error>((resolve) => child.once('error', resolve));
  try {
    for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line) as Answer;
    signal.throwIfAborted();
    await Promise.race([reaped(child), failure]);
    if (child.exitCode !== 0)
      throw new Error(`${program.pathname} ended with ${child.exitCode ?? child.signalCode}.`);
  } finally {
    child.kill('SIGTERM');
    await reaped(child);
  }
}
