import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The root folder of the repository. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/** Runs one check, with its own output and a line of ours. Whether it found nothing to say. */
export function run(name, file, args, { cwd = root } = {}) {
  const started = performance.now();
  const { status, error } = spawnSync(file, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
  if (error) console.log(error.message);
  return verdict(name, status === 0, started);
}

/** Prints one line on a check. */
export function verdict(name, ok, started) {
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(16)} ${seconds} s`);
  return ok;
}
