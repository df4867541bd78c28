import { PypoolError, PythonError } from '@pypool/protocol';
import { expect, it } from 'vitest';

import { errorTypeOf } from './error-type.js';

it('says the class of what Python raised, also where another copy of the package has told of it', () => {
  const details = { code: 'python-error', message: 'no', pythonType: 'Broke', pythonModule: 'shop' } as const;
  class OtherPythonError extends PypoolError {
    readonly pythonType = details.pythonType;
    readonly pythonModule = details.pythonModule;
  }
  for (const error of [new PythonError(details), new OtherPythonError(details)])
    expect(errorTypeOf(error)).toBe('shop.Broke');
});

it('says the code of any other error of ours, and nothing of others', () => {
  expect(errorTypeOf(new PypoolError({ code: 'queue-full', message: 'no' }))).toBe('queue-full');
  expect(errorTypeOf(new TypeError('no'))).toBe('_OTHER');
});
