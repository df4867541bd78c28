import { fileURLToPath } from 'node:url';
import { createPythonPool } from 'pypool';
import { expect, it, vi } from 'vitest';

const pathOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** With what is written otherwise in a literal of Python. */
const KEY = { name: 'DSPY_TEST_KEY_OF_WARNINGS', value: "sk-it's\\7f3a9c52" };

it.each([
  ['warnings', 'debug'],
  ['stderr', 'error'],
] as const)('has no key in a warning that Node hears of by way of %s', async (source, logLevel) => {
  vi.stubEnv(KEY.name, KEY.value);
  await using pool = await createPythonPool({
    module: pathOf('fixtures/warn_of_texts.py'),
    size: 1,
    logLevel,
    env: {
      inherit: [KEY.name],
      set: { PYTHONPATH: pathOf('../python'), PYPOOL_DSPY_KEYS: KEY.name },
    },
  });
  let told = '';
  pool.on('log', (record) => (told += `${record.source}: ${record.message}\n`));
  await pool.call('warn', [KEY.value]);
  // The last of them.
  await vi.waitUntil(() => told.includes('both'), { timeout: 20_000 });

  expect(told).toMatch(new RegExp(`^${source}: `));
  expect(told.match(/says \[key\]/g)).toHaveLength(2);
  expect(told).toContain('NeedsTwo: says [key]');
  expect(told).toMatch(/quotes .\[key\]/);
  expect(told).toContain(`both '[key] "said" [key]'`);
  expect(told).not.toContain('7f3a9c52');
});
