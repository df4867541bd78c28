import { describe, expect, it } from 'vitest';
import { CommunicationError } from './errors.js';
import { pythonErrorFrom } from './python-error-from.js';
import { PythonError } from './python-error.js';

const raised = { kind: 'python', message: 'no', type: 'ValueError', module: 'builtins' };

describe('an error object', () => {
  it('of a Python exception becomes a PythonError with all that Python knew', () => {
    const error = pythonErrorFrom({
      ...raised,
      args: ['no', 5n],
      traceback: 'Traceback ...',
      frames: [
        { file: 'a.py', line: 3, function: 'f', code: 'raise ValueError' },
        { file: 'b', line: 1, function: 'g' },
      ],
      notes: ['a note'],
    });
    expect(error).toBeInstanceOf(PythonError);
    expect(error).toMatchObject({
      code: 'python-error',
      outcome: 'finished',
      retryable: false,
      message: 'ValueError: no',
      pythonType: 'ValueError',
      pythonModule: 'builtins',
      args: ['no', 5n],
      traceback: 'Traceback ...',
      frames: [
        { file: 'a.py', line: 3, function: 'f', code: 'raise ValueError' },
        { file: 'b', line: 1, function: 'g', code: undefined },
      ],
      notes: ['a note'],
    });
  });

  it('says only its type where the exception has no message', () => {
    expect(pythonErrorFrom({ ...raised, message: '' }).message).toBe('ValueError');
  });

  it('keeps the chain: the cause, else the context, unless Python suppresses it', () => {
    const inner = { ...raised, message: 'inner' };
    const other = { ...raised, message: 'other' };
    const causeOf = (more: object): unknown => pythonErrorFrom({ ...raised, ...more }).cause;
    expect(causeOf({ cause: inner, context: other, suppressContext: true })).toMatchObject({
      message: 'ValueError: inner',
    });
    expect(causeOf({ cause: null, context: other, suppressContext: false })).toMatchObject({
      message: 'ValueError: other',
    });
    expect(causeOf({ context: other, suppressContext: true })).toBeUndefined();
    expect(causeOf({ cause: null, context: null })).toBeUndefined();
    expect(causeOf({ cause: { ...inner, cause: other } })).toMatchObject({
      cause: { message: 'ValueError: other' },
    });
  });

  it('keeps the members of a group', () => {
    const error = pythonErrorFrom({
      ...raised,
      type: 'ExceptionGroup',
      exceptions: [raised, { ...raised, type: 'KeyError' }],
    });
    expect((error as PythonError).exceptions?.map((member) => member.message)).toEqual([
      'ValueError: no',
      'KeyError: no',
    ]);
  });

  it.each([
    [
      { kind: 'fail', message: 'No such user', code: 'no-such-user', data: { id: 1 } },
      {
        code: 'python-error',
        outcome: 'finished',
        message: 'No such user',
        failure: { code: 'no-such-user', data: { id: 1 } },
      },
    ],
    [
      { kind: 'unknown-function', message: 'No f', name: 'f', suggestions: ['g'] },
      { code: 'unknown-function', outcome: 'not-started', context: { name: 'f', suggestions: ['g'] } },
    ],
    [
      { ...raised, kind: 'invalid-arguments', message: 'missing a', signature: '(a)', type: 'TypeError' },
      {
        code: 'invalid-arguments',
        outcome: 'not-started',
        context: { signature: '(a)' },
        cause: { pythonType: 'TypeError' },
      },
    ],
    [
      { kind: 'invalid-arguments', message: 'no generator', started: true },
      { code: 'invalid-arguments', outcome: 'finished' },
    ],
    [
      { kind: 'unencodable', message: 'm', path: 'result.x', type: 'm.T' },
      { code: 'unencodable', outcome: 'finished', context: { path: 'result.x', type: 'm.T' } },
    ],
    [
      { kind: 'frame-too-large', message: 'm', bytes: 5, limit: 4 },
      { code: 'frame-too-large', outcome: 'finished', context: { bytes: 5, limit: 4 } },
    ],
    [
      { kind: 'cancelled', message: 'm', started: true },
      { code: 'aborted', name: 'AbortError', outcome: 'finished' },
    ],
    [
      { kind: 'cancelled', message: 'm' },
      { code: 'aborted', name: 'AbortError', outcome: 'not-started' },
    ],
  ])('of each kind becomes what SPEC.md says: %j', (object, expected) => {
    expect(pythonErrorFrom(object)).toMatchObject(expected);
  });

  it('tells its context, and not that of its causes, what this side knows', () => {
    const about = { function: 'f', workerId: 'w' };
    const error = pythonErrorFrom({ ...raised, cause: raised, exceptions: [raised] }, about) as PythonError;
    expect(error.context).toEqual(about);
    expect(error.cause).toMatchObject({ context: {} });
    expect(error.exceptions?.[0]?.context).toEqual({});
    const unknown = { kind: 'unknown-function', message: 'No f', name: 'f', suggestions: [] };
    expect(pythonErrorFrom(unknown, about).context).toEqual({ ...about, name: 'f', suggestions: [] });
  });

  it.each([
    null,
    'x',
    [],
    {},
    { kind: 'python' },
    { kind: 'nonsense', message: '' },
    { ...raised, args: 5 },
    { ...raised, notes: [5] },
    { ...raised, frames: [{}] },
    { ...raised, frames: [null] },
    { ...raised, cause: 'x' },
    { ...raised, exceptions: [5] },
    { ...raised, suppressContext: 'yes' },
    { kind: 'invalid-arguments', message: '', started: 1 },
    { kind: 'fail', message: '' },
    { kind: 'frame-too-large', message: '', bytes: '5', limit: 4 },
    Object.create(raised),
  ])('that is none is a protocol error: %j', (object) => {
    expect(() => pythonErrorFrom(object)).toThrow(CommunicationError);
  });
});
