import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { LAYERS, PACKAGES } from './layers.js';
import { root } from './run.js';

/** The targets that every package has, by the same names. */
const TARGETS = ['build', 'check:package', 'lint', 'test', 'test:integration', 'typecheck'];

/**
 * What is wrong with the manifests of the packages, as sentences: dependencies that the layer table does not
 * allow, a missing target, different versions of one third-party package.
 */
export function manifestProblems() {
  const manifests = readdirSync(join(root, 'packages')).map((folder) =>
    JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8')),
  );
  return [...manifests.flatMap(problemsOf), ...versionsThatDiffer(manifests)];
}

function problemsOf({ name, version, scripts = {}, dependencies = {}, peerDependencies = {} }) {
  const layer = LAYERS[name];
  if (layer === undefined) return [`${name} has no place in tools/lint/layers.js`];
  const allowed = new Set([...layer.layers, ...layer.packages]);
  const problems = Object.keys({ ...dependencies, ...peerDependencies })
    // A conformance suite is written for the test runner of whoever runs it.
    .filter((dependency) => !allowed.has(dependency) && dependency !== 'vitest')
    .map((dependency) => `${name} must not depend on ${dependency}`);
  for (const [dependency, range] of Object.entries(dependencies)) {
    if (PACKAGES.includes(dependency) && range !== version) {
      problems.push(`${name} ${version} depends on ${dependency} ${range}: they are released together`);
    }
  }
  for (const target of TARGETS) if (!(target in scripts)) problems.push(`${name} has no target ${target}`);
  return problems;
}

function versionsThatDiffer(manifests) {
  const ranges = new Map();
  for (const { dependencies = {} } of manifests) {
    for (const [name, range] of Object.entries(dependencies)) {
      ranges.set(name, (ranges.get(name) ?? new Set()).add(range));
    }
  }
  return [...ranges]
    .filter(([, found]) => found.size > 1)
    .map(([name, found]) => `${name} is asked for as ${[...found].join(' and as ')}`);
}
