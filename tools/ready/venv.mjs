import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { findPython } from './python.mjs';

/** The file in an environment that tells of what it was made. */
const STAMP = 'installed';

/**
 * A Python environment that holds what a requirements file pins. Made anew where it was made of another file or by
 * another Python; where nothing is missing this takes a fraction of a second. It comes to its place when it is whole:
 * two commands may want one at the same time, and neither takes away what the other makes.
 *
 * @param {{ folder: string, requirements: string, holds: string, complete?: boolean, timeoutMs?: number }} wanted
 *   `holds` names the packages to people. `complete`: the file pins all that its packages need, so that nothing is
 *   resolved, and nothing compiled before it is imported. `timeoutMs` bounds all of it; none by default.
 * @returns {{ bin: string } | { missing: string }} where its programs are, or in one line why there is none: what
 *   needs it is skipped then, since the index of packages is not always there.
 */
export function provideVenv({ folder, requirements, holds, complete = false, timeoutMs = Infinity }) {
  const { file: python, version } = findPython();
  const wanted = createHash('sha256')
    .update(`${python}\n${version}\n`)
    .update(readFileSync(requirements))
    .digest('hex');
  const bin = join(folder, 'bin');
  if (holdsWanted(folder, wanted)) return { bin };

  console.log(`Making a Python environment with ${holds} in ${relative(process.cwd(), folder)} ...`);
  mkdirSync(dirname(folder), { recursive: true });
  // Its programs name the folder that they were installed into: it stays where it is, and its place is a link to it.
  const made = mkdtempSync(`${folder}.`);
  const missing = install(made, { python, requirements, complete, timeoutMs });
  if (missing === undefined) writeFileSync(join(made, STAMP), wanted);
  if (missing !== undefined || holdsWanted(folder, wanted)) rmSync(made, { recursive: true, force: true });
  else putInPlace(made, folder);
  return missing === undefined ? { bin } : { missing };
}

/** Whether what is wanted is there, whole. */
function holdsWanted(folder, wanted) {
  const stamp = join(folder, STAMP);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
}

/** Make an environment in an empty folder. @returns {string | undefined} in one line why it could not be made */
function install(folder, { python, requirements, complete, timeoutMs }) {
  const options = ['--disable-pip-version-check', '--quiet', '--retries', '1', '--timeout', '15'];
  // A package without a wheel for this Python would be compiled, for minutes, if a compiler is there at all.
  const asIs = complete ? ['--no-deps', '--no-compile'] : [];
  const pip = ['-m', 'pip', 'install', ...options, ...asIs, '--only-binary', ':all:', '-r', requirements];
  const steps = [
    [python, ['-m', 'venv', folder]],
    [join(folder, 'bin', 'python'), pip],
  ];
  const ends = performance.now() + timeoutMs;
  for (const [file, args] of steps) {
    // To spawnSync 0 is no limit.
    const left = Number.isFinite(ends) ? { timeout: Math.max(1, Math.ceil(ends - performance.now())) } : {};
    const { status, error, stderr, stdout } = spawnSync(file, args, {
      encoding: 'utf8',
      killSignal: 'SIGKILL',
      ...left,
    });
    if (error?.code === 'ETIMEDOUT')
      return `it was not installed within ${timeoutMs / 1_000} s, and given up`;
    if (status !== 0) return error?.message ?? reasonOf(`${stdout}${stderr}`);
  }
  return undefined;
}

/** Have a place be what was made, in one step, and remove what it was before. */
function putInPlace(made, place) {
  const link = `${made}.link`;
  symlinkSync(basename(made), link);
  const was = lstatSync(place, { throwIfNoEntry: false });
  const before = was?.isSymbolicLink() ? resolve(dirname(place), readlinkSync(place)) : undefined;
  // No link takes the place of a folder.
  if (was?.isDirectory()) rmSync(place, { recursive: true, force: true });
  renameSync(link, place);
  if (before !== undefined) rmSync(before, { recursive: true, force: true });
}

/**
 * A Python environment that holds no package, not even pip. It is moved into place when it is whole, and each version of Python has its own: two
 * commands may want one at the same time, and neither takes away what the other runs.
 *
 * @param {string} folder where it is, but for the version
 * @returns {{ bin: string } | { missing: string }} as of {@link provideVenv}
 */
export function provideBareVenv(folder) {
  const { file: python, version } = findPython();
  const place = `${folder}-${version}`;
  const bare = { bin: join(place, 'bin') };
  const isThere = () => existsSync(join(bare.bin, 'python'));
  if (isThere()) return bare;

  console.log(`Making a Python environment with no package in ${relative(process.cwd(), place)} ...`);
  const made = `${place}.${process.pid}`;
  const { status, error, stdout, stderr } = spawnSync(python, ['-m', 'venv', '--without-pip', made], {
    encoding: 'utf8',
  });
  try {
    if (status !== 0) return { missing: error?.message ?? reasonOf(`${stdout}${stderr}`) };
    // One whose Python is no longer there.
    if (!isThere()) rmSync(place, { recursive: true, force: true });
    renameSync(made, place);
  } catch (failure) {
    if (!isThere()) throw failure; // else another command was faster
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
  return bare;
}

/** The line that says why. Without a network, pip's last one says that no version of the package exists. */
function reasonOf(output) {
  if (output.includes('connection broken by')) return 'pip cannot reach the index of packages';
  return output.trim().split('\n').at(-1);
}
