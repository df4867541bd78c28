import { isPypoolError, PythonError } from 'pypool';

/** What can be wrong before Python is asked. */
export type DspyErrorCode =
  'no-such-program' | 'no-model' | 'session-ended' | 'no-such-command' | 'no-session';

/** An error of the Node side. What goes wrong in Python is a `PythonError`, whose `failure.code` says what. */
export class DspyError extends Error {
  override readonly name = 'DspyError';
  readonly code: DspyErrorCode;

  constructor(code: DspyErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** One word for whatever went wrong: the code of a failure in Python, of this side, or of the pool. */
export function codeOf(error: unknown): string {
  if (error instanceof DspyError) return error.code;
  if (error instanceof PythonError && error.failure !== undefined) return error.failure.code;
  return isPypoolError(error) ? error.code : 'unknown';
}
