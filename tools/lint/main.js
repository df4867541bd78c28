// Everything that is checked without running the code: `npm run lint`.
//
// The Python tools come from PyPI, which `npm test` does not need and a user may not reach: without them their
// part is skipped, and says so. In CI nothing is skipped.

import { join } from 'node:path';
import { manifestProblems } from './manifests.js';
import { lintPython, pythonTools } from './python.js';
import { root, run, verdict } from './run.js';

const bin = (name) => join(root, 'node_modules/.bin', name);
const outcomes = [checkManifests()];
outcomes.push(run('prettier', bin('prettier'), ['--check', '--log-level', 'warn', '.']));
outcomes.push(
  run('eslint', bin('eslint'), ['--config', 'tools/lint/eslint.config.js', 'packages', 'apps', 'tools']),
);

const tools = pythonTools();
if ('bin' in tools) {
  outcomes.push(lintPython(tools));
} else {
  console.log(`SKIPPED ruff and mypy, which could not be installed: ${tools.missing}`);
  outcomes.push(!process.env.CI);
}
process.exitCode = outcomes.every(Boolean) ? 0 : 1;

function checkManifests() {
  const started = performance.now();
  const problems = manifestProblems();
  for (const problem of problems) console.log(problem);
  return verdict('manifests', problems.length === 0, started);
}
