import { readFileSync } from 'node:fs';
import { beforeEach } from 'vitest';
import { createDspy, type Dspy, type DspyOptions, type ModelConfig } from '../src/index.js';
import type { ModelServer } from './model-server/model-server.js';

// Not one that happens to be installed: these tests are run once, by `npm run test:extras`.
const python = process.env['PYPOOL_DSPY_PYTHON'];
const whySkipped =
  process.env['PYPOOL_DSPY_MISSING'] ??
  'DSPy is not there; npm run test:extras brings it along, and runs this';

/** Whether there is a DSPy. */
export const hasDspy = python !== undefined;

/** Have the tests of a file skipped where there is no DSPy. */
export function needsDspy(): void {
  beforeEach(({ skip }) => {
    skip(python === undefined, whySkipped);
  });
}

/** The variable that holds the key of these tests, and the key. */
export const KEY = { name: 'DSPY_TEST_KEY', value: 'sk-local-7f3a9c52e1b84d06' };
process.env[KEY.name] = KEY.value;

/** For what imports DSPy, on the machines of others. */
export const SLOW_MS = 120_000;

/** A service of one worker whose model is on a local server, for `await using`. */
export function dspyFor(server: ModelServer, options: DspyOptions = {}): Promise<Dspy> {
  if (python === undefined) throw new Error(whySkipped);
  return createDspy({
    python,
    size: 1,
    overflow: 0,
    keys: [KEY.name],
    model: local(server, 'openai/local'),
    ...options,
  });
}

/** A model on a local server, which is never asked again unless the test says so. */
export function local(server: ModelServer, model: string): ModelConfig & { readonly apiBase: string } {
  const apiBase = model.startsWith('gemini/') ? server.gemini : server.openai;
  return { model, apiBase, apiKeyEnv: KEY.name, retries: 0 };
}

/** Kill the worker of a service, and wait until the pool knows. */
export async function killed(dspy: Dspy): Promise<void> {
  const { id, facts } = dspy.pool.status().workers[0]!;
  await new Promise<void>((resolve) => {
    const onExit = ({ workerId }: { readonly workerId: string }): void => {
      if (workerId !== id) return;
      dspy.pool.off('worker-exit', onExit);
      resolve();
    };
    dspy.pool.on('worker-exit', onExit);
    process.kill(facts['pid'] as number, 'SIGKILL');
  });
}

/** What is in a file of this app. */
export function textOf(path: string): string {
  return readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
}
