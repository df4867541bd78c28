import { spawn } from 'node:child_process';
import { NotReady } from './not-ready.mjs';

/** Runs a command whose output matters only if it fails. @throws NotReady with that output. */
export async function runQuietly(file, args, { cwd, env = process.env }) {
  const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(chunk));
  const failure = await new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code === 0 ? undefined : (signal ?? `exit code ${code}`)));
  });
  if (failure === undefined) return;
  throw new NotReady(`${Buffer.concat(output)}\n${[file, ...args].join(' ')} failed: ${failure}`);
}
