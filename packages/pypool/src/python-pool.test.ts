import { isPypoolError } from '@pypool/protocol';
import { describe, expect, it, vi } from 'vitest';
import { fakePool } from './fake-pool.js';
import type { PythonPoolOptions } from './options.js';
import { createPythonPool, pythonPool } from './python-pool.js';

/** Code and message of what `body` throws or rejects with. */
async function refusal(body: () => unknown): Promise<string> {
  try {
    await body();
  } catch (error) {
    return isPypoolError(error) ? `${error.code}: ${error.message}` : String(error);
  }
  return 'nothing';
}

describe('options of a Python pool', () => {
  it.each<[unknown, string]>([
    [5, 'expected object, got 5'],
    [null, 'expected object, got null'],
    [{ ttl: 5 }, 'ttl: there is no such option (did you mean ttlMs, in milliseconds?)'],
    [{ store: {} }, 'store: expected an object with get(), set(), delete(), values(), got an object'],
    [{ clock: {} }, 'clock: expected an object with now(), epochMs(), after(), got an object'],
  ])('refuse sessions: %j before anything is made', async (sessions, message) => {
    const launcher = { name: 'none', launch: vi.fn(), close: vi.fn() };
    const options = { module: './none.py', start: 'eager', launcher, sessions };
    const refused = `invalid-options: Invalid options of the sessions: ${message}.`;
    expect(await refusal(() => pythonPool(options as unknown as PythonPoolOptions))).toBe(refused);
    expect(await refusal(() => createPythonPool(options as unknown as PythonPoolOptions))).toBe(refused);
    expect(await refusal(() => fakePool({}, { sessions } as never))).toBe(refused);
    expect(launcher.launch).not.toHaveBeenCalled();
  });

  it.each([undefined, null, 'shop.py'])('refuse %j for an object', async (options) => {
    const what = `expected an object with at least a module, got ${JSON.stringify(options)}.`;
    expect(await refusal(() => pythonPool(options as never))).toBe(
      `invalid-options: Invalid options of pythonPool(): ${what}`,
    );
    const promise = createPythonPool(options as never);
    expect(await refusal(() => promise)).toBe(
      `invalid-options: Invalid options of createPythonPool(): ${what}`,
    );
  });

  it.each([
    [[{}, null], 'options of fakePool(): expected an object, got null'],
    [[{}, 'x'], 'options of fakePool(): expected an object, got "x"'],
    [[null], 'handlers of fakePool(): expected an object, got null'],
    [[[]], 'handlers of fakePool(): expected an object, got an array'],
    [[{ f: 5 }], 'handler f of fakePool(): expected a function, got 5'],
  ])('refuse fakePool(...%j)', async (args, message) => {
    const make = fakePool as (...args: unknown[]) => unknown;
    expect(await refusal(() => make(...args))).toBe(`invalid-options: Invalid ${message}.`);
  });

  it.each([
    [{ size: 'x' }, `a Python pool: size: expected a number of workers or 'auto', got "x"`],
    [{ timeoutMs: 'x' }, 'the pool: timeoutMs: expected number of milliseconds or Infinity, got "x"'],
    [{ maxQueueBytes: 'x' }, 'the pool: maxQueueBytes: expected number of bytes or Infinity, got "x"'],
    [{ maxCalls: 'x' }, 'the pool: maxCalls: expected number or Infinity, got "x"'],
    [{ env: 'x' }, 'the Python workers: env: expected an object or a function of the slot, got "x"'],
  ])('refuse %j with what is expected', async (options, message) => {
    expect(await refusal(() => pythonPool({ module: 'm', ...options } as never))).toBe(
      `invalid-options: Invalid options of ${message}.`,
    );
  });

  it('of a call that cannot be any are refused by every way to call', async () => {
    await using pool = fakePool({ f: () => 1 });
    const none = null as never;
    for (const call of [
      pool.call('f', [], none),
      pool.stream('f', [], none).next(),
      pool.session('a').call('f', [], none),
      pool.session('a').stream('f', [], none).next(),
      pool.executeInSession('a', 'f', [], none),
      pool.executeAnonymous('f', [], none),
    ]) {
      await expect(call).rejects.toMatchObject({ code: 'invalid-options', outcome: 'not-started' });
    }
  });
});
