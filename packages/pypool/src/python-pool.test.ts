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
    [{ ttl: 5 }, 'ttl: there is no such option (did you mean ttlMs?)'],
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
