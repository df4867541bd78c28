import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** What people call the folder of a virtual environment. */
const USUAL_NAMES = ['.venv', 'venv', 'env'];

/** The virtual or conda environment that an interpreter belongs to by its path; `undefined` for none. */
export function environmentOf(python: string): string | undefined {
  const folder = dirname(dirname(python));
  return isEnvironment(folder) ? folder : undefined;
}

/** The environments in some folders and above them, the nearest first, and those that are active in this process. */
export function nearbyEnvironments(
  folders: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): readonly string[] {
  const candidates = folders.flatMap((folder) =>
    upward(folder).flatMap((at) => USUAL_NAMES.map((name) => join(at, name))),
  );
  for (const active of [env['VIRTUAL_ENV'], env['CONDA_PREFIX']]) {
    if (active !== undefined && active !== '') candidates.push(resolve(active));
  }
  return [...new Set(candidates)].filter(isEnvironment);
}

/** Whether a top-level module is installed in an environment. */
export function packagesHold(environment: string, module: string): boolean {
  const lib = join(environment, 'lib');
  return entriesOf(lib)
    .filter((name) => /^python3\.\d+t?$/.test(name))
    .some((version) =>
      entriesOf(join(lib, version, 'site-packages')).some(
        (entry) => entry === module || (entry.startsWith(`${module}.`) && /\.(?:py|so)$/.test(entry)),
      ),
    );
}

function isEnvironment(folder: string): boolean {
  return existsSync(join(folder, 'pyvenv.cfg')) || existsSync(join(folder, 'conda-meta'));
}

function upward(folder: string): string[] {
  const above = dirname(folder);
  return above === folder ? [folder] : [folder, ...upward(above)];
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // not there, or not ours to read: then it is of no help to a worker either
  }
}
