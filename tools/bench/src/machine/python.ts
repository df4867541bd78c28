import { fileURLToPath } from 'node:url';

/** The interpreter for every subject, so that all are measured with the same one. */
export const PYTHON = process.env['PYPOOL_PYTHON'] ?? 'python3';

/** The file of one of the programs that subjects run. */
export function programFile(name: string): string {
  return fileURLToPath(new URL(`../../programs/${name}`, import.meta.url));
}
