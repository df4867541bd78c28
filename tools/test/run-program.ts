import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

export interface ProgramRun {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Runs a program to its end and gives back what it printed on stdout.
 *
 * @throws Error with all it printed, if it did not exit with 0.
 */
export async function runProgram({ file, args, cwd, env = process.env }: ProgramRun): Promise<string> {
  const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<string | undefined>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code === 0 ? undefined : (signal ?? `exit code ${code}`)));
  });
  const [stdout, stderr, failure] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (failure === undefined) return stdout;
  throw new Error(`${[file, ...args].join(' ')}: ${failure}\n${stdout}${stderr}`);
}
