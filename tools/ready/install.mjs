import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runQuietly } from './run-quietly.mjs';

const root = new URL('../../', import.meta.url);

/** Runs `npm ci` if node_modules is not what package-lock.json describes. */
export async function installIfStale() {
  const missing = firstMissing();
  if (missing === undefined) return;
  console.log(`Installing dependencies (npm ci): ${missing} ...`);
  // A CI's omit=dev or a global --ignore-scripts are the user's own; everything here is a devDependency.
  await runQuietly('npm', ['ci', '--include=dev'], { cwd: fileURLToPath(root) });
}

/**
 * Why an install is needed, or undefined.
 *
 * npm leaves a copy of the lock file, as it carried it out, in node_modules. Comparing the two says what any
 * stamp of our own could, and is also right after an `npm install` by hand.
 */
function firstMissing() {
  const wanted = packagesOf('package-lock.json');
  const present = packagesOf('node_modules/.package-lock.json');
  if (present === undefined) return 'nothing is installed yet';
  for (const [place, entry] of Object.entries(wanted ?? {})) {
    // '' and packages/* are our own manifests; what they depend on is listed beside them.
    if (!place.startsWith('node_modules/') && !place.includes('/node_modules/')) continue;
    const found = present[place];
    // Optional ones are for other platforms, or failed to build: npm leaves them out.
    if (found === undefined && !entry.optional) return `${nameOf(place)} is missing`;
    if (found !== undefined && (found.version !== entry.version || found.integrity !== entry.integrity)) {
      return `${nameOf(place)} is another version`;
    }
  }
  return undefined;
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(new URL(file, root), 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function nameOf(place) {
  return place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
}
