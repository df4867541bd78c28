import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runPython } from '../python.js';

describe('running Python’s tests', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'pypool-unittest-'));
    await mkdir(join(root, 'python/tests'), { recursive: true });
    await writeFile(join(root, 'python/tests/__init__.py'), '');
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  /** Runs a module of tests with this body. */
  async function run(...body: string[]): ReturnType<typeof runPython> {
    const module = [
      'import os, unittest',
      'class Some(unittest.TestCase):',
      ...body.map((line) => `    ${line}`),
    ];
    await writeFile(join(root, 'python/tests/test_some.py'), module.join('\n'));
    return runPython({ root, seed: 1, folder: 'tests' });
  }

  it('counts what passed, failed and was skipped, with reasons', async () => {
    const { results, lines } = await run(
      'def test_good(self): print("noise")',
      'def test_bad(self): self.assertEqual(1, 2)',
      '@unittest.skip("no numpy")',
      'def test_skipped(self): pass',
    );
    expect(results).toEqual({
      passed: 1,
      failed: 1,
      skipped: [{ test: 'python > tests.test_some.Some.test_skipped', reason: 'no numpy' }],
    });
    expect(lines.join('\n')).toContain('AssertionError: 1 != 2');
  });

  it('counts a test with failed subtests as failed, once for each', async () => {
    const { results } = await run(
      'def test_all(self):',
      '    for i in range(3):',
      '        with self.subTest(i): self.assertEqual(i, 1)',
    );
    expect(results).toMatchObject({ passed: 0, failed: 2 });
  });

  it('fails where a module of tests cannot be imported', async () => {
    const { results, lines } = await run('import nowhere_to_be_found');
    expect(results).toMatchObject({ passed: 0, failed: 1 });
    expect(lines.join('\n')).toContain('nowhere_to_be_found');
  });

  it('fails where the runner dies in the middle', async () => {
    const { results, lines } = await run('def test_exit(self): os._exit(3)');
    expect(results).toMatchObject({ failed: 1 });
    expect(lines.join('\n')).toContain('exit code 3');
  });
});
