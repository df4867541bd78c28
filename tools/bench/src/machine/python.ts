import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The interpreter for every subject, so that all are measured with the same one. */
export const PYTHON = process.env['PYPOOL_PYTHON'] ?? 'python3';

/** The file of one of the programs that subjects run. */
export function programFile(name: string): string {
  return fileURLToPath(new URL(`../../programs/${name}`, import.meta.url));
}

/** An interpreter that has numpy: the one for every subject, or that of `npm run test:extras` where it has been made. */
export function pythonWithNumpy(): string | undefined {
  const ofExtras = fileURLToPath(new URL('../../../../.cache/python-extras/bin/python', import.meta.url));
  return [PYTHON, ofExtras].find((python) => {
    return spawnSync(python, ['-c', 'import numpy'], { stdio: 'ignore' }).status === 0;
  });
}
