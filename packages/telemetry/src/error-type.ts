import { isPypoolError, PythonError } from '@pypool/protocol';

/** What `error.type` says: the class of what Python raised, with its module; the code of any other error. Few, either way. */
export function errorTypeOf(error: unknown): string {
  if (error instanceof PythonError) return `${error.pythonModule}.${error.pythonType}`;
  return isPypoolError(error) ? error.code : '_OTHER';
}
