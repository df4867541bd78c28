import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runQuietly } from './run-quietly.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Of the last build that succeeded: the hash of all it was made from. */
const stamp = join(root, 'node_modules/.cache/pypool/built');

/** Builds packages and apps if a source is newer than what was built of it: by content, not by date. */
export async function buildIfStale() {
  const projects = buildable();
  const sources = hashOf(projects);
  const complete = projects.every((project) =>
    outputsOf(project).every((path) => existsSync(join(root, path))),
  );
  const fresh = complete && existsSync(stamp) && readFileSync(stamp, 'utf8') === sources;
  if (fresh) return;
  console.log(
    `Building ${projects.length} packages: ${complete ? 'a source has changed' : 'not built yet'} ...`,
  );
  // Nx knows which of them are concerned, and in which order; no daemon, so that nothing outlives this.
  const env = { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false' };
  const nx = join(root, 'node_modules/.bin/nx');
  const args = [
    nx,
    'run-many',
    '--targets=build',
    `--projects=${projects.join(',')}`,
    '--outputStyle=static',
  ];
  await runQuietly(process.execPath, args, { cwd: root, env });
  mkdirSync(join(stamp, '..'), { recursive: true });
  writeFileSync(stamp, sources);
}

/** Folders of what has a build: all packages, and the apps that have one. */
function buildable() {
  return ['packages', 'apps']
    .flatMap((group) => readdirSync(join(root, group)).map((name) => `${group}/${name}`))
    .filter((folder) => existsSync(join(root, folder, 'tsup.config.ts')))
    .sort();
}

/** What a build leaves behind: of an app with a page also that, which Vite builds. */
function outputsOf(project) {
  return existsSync(join(root, project, 'page'))
    ? [`${project}/dist`, `${project}/page/dist`]
    : [`${project}/dist`];
}

function hashOf(projects) {
  const hash = createHash('sha256');
  const inputs = ['package-lock.json', 'tsconfig.base.json', 'nx.json', 'tools/build', 'python/pypool'];
  for (const project of projects) {
    inputs.push(
      ...['package.json', 'project.json', 'tsconfig.json', 'tsup.config.ts', 'src', 'page'].map(
        (name) => `${project}/${name}`,
      ),
    );
  }
  for (const input of inputs) addFile(hash, input);
  return hash.digest('hex');
}

function addFile(hash, path) {
  if (path.endsWith('.test.ts') || path.endsWith('__pycache__') || path.endsWith('/dist')) return;
  let names;
  try {
    names = readdirSync(join(root, path)).sort();
  } catch (error) {
    if (error.code === 'ENOENT') return;
    if (error.code !== 'ENOTDIR') throw error;
    hash.update(`\0${path}\0`).update(readFileSync(join(root, path)));
    return;
  }
  for (const name of names) addFile(hash, `${path}/${name}`);
}
