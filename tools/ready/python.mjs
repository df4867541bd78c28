import { spawnSync } from 'node:child_process';
import { NotReady } from './not-ready.mjs';

/** The oldest Python that the runtime supports. */
const OLDEST = [3, 9];

/**
 * The Python for everything that is run from here: `PYPOOL_PYTHON` where it is set, else `python3`, else `python`.
 *
 * `env` is what the commands must have in their environment to find the same one: nothing, unless it is `python`,
 * which the packages do not look for.
 *
 * @throws NotReady that names what was looked for, where, and what was found instead.
 */
export function findPython(env = process.env) {
  const tried = [];
  const candidates = env.PYPOOL_PYTHON ? [env.PYPOOL_PYTHON] : ['python3', 'python'];
  for (const file of candidates) {
    const found = probe(file, env);
    if (found.version !== undefined && isNewEnough(found.version)) {
      return { file, version: found.version, env: file === 'python' ? { PYPOOL_PYTHON: found.path } : {} };
    }
    tried.push(`  ${file}${file === env.PYPOOL_PYTHON ? ' (from PYPOOL_PYTHON)' : ''}: ${describe(found)}`);
  }
  throw new NotReady(
    [
      `pypool needs Python ${OLDEST.join('.')} or newer. Looked for:`,
      ...tried,
      `on the PATH ${env.PATH ?? '(empty)'}`,
      'Install one, or set PYPOOL_PYTHON to the file of an interpreter.',
    ].join('\n'),
  );
}

function probe(file, env) {
  const code = 'import sys; print("%d.%d.%d" % sys.version_info[:3], sys.executable)';
  // -S and -E: no site-packages and no PYTHON* variables, so that only the interpreter itself is asked, and soon answers.
  const { error, status, stdout, stderr } = spawnSync(file, ['-S', '-E', '-c', code], {
    env,
    encoding: 'utf8',
  });
  if (error) return { problem: error.code === 'ENOENT' ? 'not found' : error.message };
  const [, version, path] = /^(\d+\.\d+\.\d+) (.*)$/m.exec(stdout) ?? [];
  if (status !== 0 || version === undefined)
    return { problem: `does not run: ${stderr.trim().split('\n').at(-1)}` };
  return { version, path };
}

function describe({ problem, version, path }) {
  return problem ?? `too old: ${version} (${path})`;
}

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}
