import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { createPythonPool } from 'pypool';
import { expect, it, vi } from 'vitest';

const pathOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** With what is written otherwise in a literal of Python. */
const KEY = { name: 'DSPY_TEST_KEY_OF_WARNINGS', value: "sk-it's\\7f3a9c52" };

function poolOfTexts(logLevel: 'debug' | 'error') {
  vi.stubEnv(KEY.name, KEY.value);
  return createPythonPool({
    module: pathOf('fixtures/warn_of_texts.py'),
    size: 1,
    logLevel,
    env: {
      inherit: [KEY.name],
      set: { PYTHONPATH: pathOf('../python'), PYPOOL_DSPY_KEYS: KEY.name },
    },
  });
}

it.each([
  ['warnings', 'debug'],
  ['stderr', 'error'],
] as const)('has no key in a warning that Node hears of by way of %s', async (source, logLevel) => {
  await using pool = await poolOfTexts(logLevel);
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

it('has no key in what ends a thread, neither where it is printed nor where Node is told', async () => {
  await using pool = await poolOfTexts('error');
  let printed = '';
  const errors: unknown[] = [];
  pool.on('log', (record) => (printed += `${record.message}\n`));
  pool.on('thread-exception', ({ error }) => errors.push(error));
  await pool.call('fail_in_thread', [KEY.value]);
  await vi.waitUntil(() => errors.length > 0 && /^RuntimeError/m.test(printed), { timeout: 20_000 });
  await pool.close(); // the rest of what was printed

  const told = printed + inspect(errors, { depth: Infinity, showHidden: true, getters: true });
  expect(told.match(/thinks .\[key\]/g)!.length).toBeGreaterThan(1);
  expect(told).not.toContain('7f3a9c52');
});
