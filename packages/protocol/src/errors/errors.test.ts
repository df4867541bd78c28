import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createError } from './create-error.js';
import { CATEGORY_OF, type ErrorCode, PypoolError, isPypoolError } from './error.js';
import { PythonError } from './python-error.js';

const codes = Object.keys(CATEGORY_OF) as ErrorCode[];

describe('an error', () => {
  it.each(codes)('of code %s is of the class of its category', (code) => {
    const error = createError({ code, message: 'what happened', context: { n: 1 }, cause: 'why' });
    expect(error).toBeInstanceOf(PypoolError);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      code,
      category: CATEGORY_OF[code],
      message: 'what happened',
      cause: 'why',
    });
    expect(error.name).toBe(error.constructor.name);
    expect(String(error)).toBe(`${error.name}: what happened`);
    expect(error.stack).toMatch(new RegExp(`^${error.name}: what happened\n +at `));
  });

  it('is known across copies of the package, and nothing else is taken for one', () => {
    const error = createError({ code: 'protocol', message: '' });
    const ofAnotherCopy = Object.create(Error.prototype, {
      [Symbol.for('pypool.error')]: { value: true },
    }) as unknown;
    expect(isPypoolError(error)).toBe(true);
    expect(isPypoolError(ofAnotherCopy)).toBe(true);
    for (const other of [new Error(), {}, null, undefined, 'protocol'])
      expect(isPypoolError(other)).toBe(false);
  });

  it('does not show its brand when it is printed', () => {
    expect(inspect(createError({ code: 'protocol', message: '' }))).not.toContain('pypool.error');
  });

  it('is retryable where the call never ran and the trouble passes', () => {
    const of = (code: ErrorCode, outcome?: 'unknown' | 'finished'): boolean =>
      createError({ code, message: '', ...(outcome && { outcome }) }).retryable;
    expect(of('queue-full')).toBe(true);
    expect(of('worker-exited')).toBe(true);
    expect(of('worker-exited', 'unknown')).toBe(false);
    expect(of('pool-closed')).toBe(false);
    expect(of('invalid-arguments')).toBe(false);
    expect(createError({ code: 'internal', message: '', retryable: true }).retryable).toBe(true);
  });

  it('has no cause unless it was given one', () => {
    expect('cause' in createError({ code: 'protocol', message: '' })).toBe(false);
  });

  it('leaves captured output out of its JSON, in the message and beside it', () => {
    const error = createError({
      code: 'worker-exited',
      message: 'Worker a-0.1 exited with code 3. Its last words on stderr:\n  secret',
      context: { exitCode: 3, stderr: ['secret'], pythonStack: ['secret'] },
    });
    expect(JSON.stringify(error)).not.toContain('secret');
    expect(error.toJSON()).toMatchObject({
      message: 'Worker a-0.1 exited with code 3. Its last words on stderr:',
      context: { exitCode: 3 },
    });
  });

  it('leaves stack, traceback and arguments out of its JSON', () => {
    const error = new PythonError({
      code: 'python-error',
      message: 'ValueError: no',
      outcome: 'finished',
      pythonType: 'ValueError',
      args: ['secret'],
      traceback: 'secret',
      frames: [{ file: 'secret', line: 1, function: 'f', code: 'secret' }],
    });
    const text = JSON.stringify(error);
    expect(text).not.toContain('secret');
    expect(JSON.parse(text)).toEqual({
      name: 'PythonError',
      category: 'python',
      code: 'python-error',
      message: 'ValueError: no',
      outcome: 'finished',
      retryable: false,
      context: {},
      pythonType: 'ValueError',
      pythonModule: 'builtins',
    });
  });
});

describe('an error of Python', () => {
  const frame = (name: string, line: number) => ({
    file: '/app/shop.py',
    line,
    function: name,
    code: undefined,
  });
  const raised = {
    code: 'python-error',
    message: "KeyError: 'pear'",
    outcome: 'finished',
    traceback: 'Traceback (most recent call last): ...',
  } as const;

  it('leads in its stack from the line that raised to the handler', () => {
    const error = new PythonError({ ...raised, frames: [frame('price', 12), frame('lookup', 3)] });
    expect(error.stack).toBe(
      "PythonError: KeyError: 'pear'\n    at lookup (/app/shop.py:3)\n    at price (/app/shop.py:12)",
    );
  });

  it('shows the innermost frames of a recursion and counts the others', () => {
    const frames = Array.from({ length: 25 }, (_, depth) => frame('again', depth));
    const lines = new PythonError({ ...raised, frames }).stack!.split('\n');
    expect(lines).toHaveLength(22);
    expect(lines[1]).toBe('    at again (/app/shop.py:24)');
    expect(lines.at(-1)).toBe('    at ... 5 frames of Python more');
  });

  it('keeps the stack of JavaScript where it has no frames', () => {
    expect(new PythonError(raised).stack).toContain('errors.test.ts');
  });

  it('prints its frames once and its traceback not at all', () => {
    const error = new PythonError({ ...raised, frames: [frame('lookup', 3)] });
    expect(inspect(error).split('/app/shop.py')).toHaveLength(2);
    expect(inspect(error)).not.toContain('Traceback');
    expect(error).toMatchObject({ traceback: raised.traceback, frames: [{ line: 3 }] });
  });

  it('prints no fields that it does not have', () => {
    expect(inspect(new PythonError(raised))).not.toContain('undefined');
    expect(new PythonError(raised).failure).toBeUndefined();
  });
});
