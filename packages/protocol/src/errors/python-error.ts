import { PypoolError, type PypoolErrorDetails } from './error.js';

/** One frame of a Python traceback, innermost last. */
export interface PythonFrame {
  readonly file: string;
  readonly line: number;
  readonly function: string;
  /** The source line, where Python could read it. */
  readonly code: string | undefined;
}

/** What `raise pypool.Fail(code, data=...)` carries: an error that is part of the handler's contract. */
export interface PythonFailure {
  readonly code: string;
  readonly data: unknown;
}

/** What a {@link PythonError} is made of beyond the common details. */
export interface PythonErrorDetails extends PypoolErrorDetails {
  readonly pythonType?: string;
  readonly pythonModule?: string;
  readonly args?: readonly unknown[];
  readonly traceback?: string;
  readonly frames?: readonly PythonFrame[];
  readonly notes?: readonly string[];
  readonly failure?: PythonFailure | undefined;
  readonly exceptions?: readonly PypoolError[] | undefined;
}

/**
 * A handler raised. `cause` is the Python exception that it was raised from (`raise X from Y`), or that was being handled when it
 * was raised, as a {@link PythonError} of its own.
 */
export class PythonError extends PypoolError {
  /** Class name of the exception, for example `"ValueError"`. */
  readonly pythonType: string;
  /** Module of that class, for example `"builtins"`. */
  readonly pythonModule: string;
  /** `exception.args`; what could not be encoded is its `str()`. */
  readonly args: readonly unknown[];
  /** What Python would have printed. May hold user data: not in `toJSON()`. */
  readonly traceback: string;
  readonly frames: readonly PythonFrame[];
  /** What `add_note()` added. */
  readonly notes: readonly string[];
  /** Set where the handler raised `pypool.Fail`. */
  readonly failure: PythonFailure | undefined;
  /** The members of an `ExceptionGroup`. */
  readonly exceptions: readonly PypoolError[] | undefined;

  constructor(details: PythonErrorDetails) {
    super(details);
    this.name = 'PythonError';
    this.pythonType = details.pythonType ?? 'Exception';
    this.pythonModule = details.pythonModule ?? 'builtins';
    this.args = details.args ?? [];
    this.traceback = details.traceback ?? '';
    this.frames = details.frames ?? [];
    this.notes = details.notes ?? [];
    this.failure = details.failure;
    this.exceptions = details.exceptions;
  }

  override toJSON(): Record<string, unknown> {
    return {
      ...super.toJSON(),
      pythonType: this.pythonType,
      pythonModule: this.pythonModule,
      ...(this.failure && { failure: this.failure }),
    };
  }
}
