import { PythonError } from '@pypool/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { heldBackVariable } from './missing-variable.js';

const IN_OS = { file: '<frozen os>', line: 679, function: '_Environ.__getitem__', code: undefined };

function raised(
  pythonType: string,
  message: string,
  args: unknown[] = [message],
  file?: string,
): PythonError {
  const frames = [file === undefined ? IN_OS : { ...IN_OS, file }];
  return new PythonError({
    code: 'python-error',
    message: `${pythonType}: ${message}`,
    pythonType,
    args,
    frames,
  });
}

describe('heldBackVariable', () => {
  beforeEach(() => {
    vi.stubEnv('PYPOOL_TEST_KEY', 'secret');
    vi.stubEnv('PYPOOL_TEST_PASSED', 'given');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  const given = { PYPOOL_TEST_PASSED: 'given', PATH: '/bin' };
  const key = "'PYPOOL_TEST_KEY'";

  it.each([
    ['a read of os.environ', raised('KeyError', key, ['PYPOOL_TEST_KEY'])],
    ['in older Pythons', raised('KeyError', key, ['PYPOOL_TEST_KEY'], '/usr/lib/python3.9/os.py')],
    [
      'a library that says what it wants',
      raised('OpenAIError', 'pass api_key or set the PYPOOL_TEST_KEY environment variable'),
    ],
    ['in other words', raised('ValueError', 'env var PYPOOL_TEST_KEY or PYPOOL_TEST_OTHER is needed')],
  ])('names the option for %s, and never the value', (_what, error) => {
    expect(heldBackVariable(error, given)).toBe(
      "; workers do not have PYPOOL_TEST_KEY of this process's environment unless an option passes it on: env: { inherit: ['PYPOOL_TEST_KEY'] }.",
    );
  });

  it.each([
    ['a variable that is not set here either', raised('KeyError', 'x', ['PYPOOL_TEST_OTHER'])],
    ['one that was passed, and removed in Python', raised('KeyError', 'x', ['PYPOOL_TEST_PASSED'])],
    ['the key of another dict', raised('KeyError', key, ['PYPOOL_TEST_KEY'], '/srv/settings.py')],
    ['a key that is no text', raised('KeyError', '5', [5])],
    ['words that are about something else', raised('ValueError', 'no row PYPOOL_TEST_KEY')],
    ['a name within another', raised('ValueError', 'the environment has no MY_PYPOOL_TEST_KEY')],
  ])('has nothing to say of %s', (_what, error) => {
    expect(heldBackVariable(error, given)).toBe('');
  });
});
