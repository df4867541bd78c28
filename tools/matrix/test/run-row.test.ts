import { describe, expect, it } from 'vitest';
import { findPythons } from '../pythons.js';
import { runRow } from '../run-row.js';

/** A few tests of milliseconds. */
const filters = ['tools/test/test/results.test.ts'];
const node = { file: process.execPath, version: process.versions.node };
const python = findPythons()[0]!;

/** For vitest and Python to start, on a busy machine. */
const SLOW_MS = 120_000;

describe('a row of the matrix', { timeout: SLOW_MS }, () => {
  it('runs its tests, on the Node and the Python that it names', async () => {
    const result = await runRow({ node, python, filters });
    expect(result.output).toMatch(/^tools\/test +\d+ passed/m);
    expect(result).toMatchObject({ failed: 0, skipped: 0 });
    expect(result.passed).toBeGreaterThan(1);
  });

  it('fails where others ran than it names, although every test passed', async () => {
    const result = await runRow({
      node: { ...node, version: '99.0.0' },
      python: { ...python, version: '3.99.0' },
      filters,
    });
    expect(result).toMatchObject({ failed: 2 });
    expect(result.output).toContain(`vitest ran on v${node.version} instead of v99.0.0`);
    expect(result.output).toContain(`worker ran on ${python.version} instead of 3.99.0`);
  });

  it('fails where its tests do not come to an end', async () => {
    const result = await runRow({ node: { ...node, file: 'false' }, python, filters });
    expect(result).toMatchObject({ passed: 0, failed: 3 });
    expect(result.output).toContain('the tests ended with exit code 1');
  });
});
