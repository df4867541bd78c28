// Runs the tests that need packages from PyPI, in an environment that has them: `npm run test:extras`.
//
// They are those in folders named `extras`, which `npm test` runs too and where they skip themselves without the
// packages. Here a skipped test is a failure, unless the packages cannot be installed: that is said in one line, and
// is no failure of ours. DSPy has an environment of its own, that of its app.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { provideDspy } from '../../apps/dspy/environment.js';
import { provideVenv } from '../ready/venv.mjs';
import { isGreen } from './results.js';
import { runTests } from './run-tests.js';

const { values } = parseArgs({ options: { seed: { type: 'string' } } });
const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');
const venv = provideVenv({
  folder: join(root, '.cache/python-extras'),
  requirements: join(root, 'tools/test/extras-requirements.txt'),
  holds: 'numpy and pyarrow',
});
if ('bin' in venv) {
  process.env['PYPOOL_PYTHON'] = join(venv.bin, 'python');
} else {
  const why = `numpy and pyarrow could not be installed: ${venv.missing}`;
  console.log(`SKIPPED the tests that need packages from PyPI: ${why}\n`);
  process.env['PYPOOL_TEST_EXTRAS_MISSING'] = why;
}
// Nobody waits for these tests alone: where the index of packages is too slow they are skipped.
const dspy = provideDspy({ timeoutMs: 120_000 });
if ('python' in dspy) {
  process.env['PYPOOL_DSPY_PYTHON'] = dspy.python;
} else {
  const why = `DSPy could not be installed: ${dspy.missing}`;
  console.log(`SKIPPED the tests that need DSPy: ${why}\n`);
  process.env['PYPOOL_DSPY_MISSING'] = why;
}

const all = await runTests({
  root,
  seed: Number(values.seed ?? Date.now()),
  typescript: ['/test/extras/'],
  python: 'tests/extras',
});
const ok = 'bin' in venv && 'python' in dspy ? isGreen(all) && all.skipped.length === 0 : all.failed === 0;
process.exitCode = ok ? 0 : 1;
