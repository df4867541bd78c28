import { isPypoolError, type PythonError } from '@pypool/protocol';

/** What `error.type` says: the class of what Python raised, with its module; the code of any other error. Few, either way. */
export function errorTypeOf(error: unknown): string {
  if (isPythonError(error)) return `${error.pythonModule}.${error.pythonType}`;
  return isPypoolError(error) ? error.code : '_OTHER';
}

/** Whether Python raised it. Not by its class: the pool may be of another copy of the package, or in the other module format. */
export function isPythonError(error: unknown): error is PythonError {
  return isPypoolError(error) && error.category === 'python';
}
