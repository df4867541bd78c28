import { nameErrors, PypoolError, type PypoolErrorDetails } from './error.js';

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

/** Frames of Python that `stack` holds, the innermost: enough for people; `frames` and `traceback` have the rest. */
const FRAMES_IN_STACK = 20;

/**
 * A handler raised. `stack` leads from the line in Python that raised, through the handler, to the call in JavaScript. `cause` is the Python exception that it was raised from (`raise X from Y`), or that was being handled when it
 * was raised, as a {@link PythonError} of its own.
 */
export class PythonError extends PypoolError {
  static {
    nameErrors(this, 'PythonError');
  }

  /** Class name of the exception, for example `"ValueError"`. */
  readonly pythonType: string;
  /** Module of that class, for example `"builtins"`. */
  readonly pythonModule: string;
  /** `exception.args`; what could not be encoded is its `str()`. */
  readonly args: readonly unknown[];
  /** What Python would have printed, its causes included. May hold user data: not in `toJSON()`, nor enumerable. */
  declare readonly traceback: string;
  /** Not enumerable either, for `stack` shows them. */
  declare readonly frames: readonly PythonFrame[];
  /** What `add_note()` added. */
  readonly notes: readonly string[];
  /** Set where the handler raised `pypool.Fail`. */
  declare readonly failure: PythonFailure | undefined;
  /** The members of an `ExceptionGroup`. */
  declare readonly exceptions: readonly PypoolError[] | undefined;

  constructor(details: PythonErrorDetails) {
    super(details);
    this.pythonType = details.pythonType ?? 'Exception';
    this.pythonModule = details.pythonModule ?? 'builtins';
    this.args = details.args ?? [];
    this.notes = details.notes ?? [];
    if (details.failure !== undefined) this.failure = details.failure;
    if (details.exceptions !== undefined) this.exceptions = details.exceptions;
    const frames = details.frames ?? [];
    Object.defineProperties(this, {
      traceback: { value: details.traceback ?? '' },
      frames: { value: frames },
    });
    // Where in pypool it was made, tells nobody anything.
    if (frames.length > 0) this.stack = `${this.name}: ${this.message}${stackOf(frames)}`;
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

/** Python's frames in the order and the form of JavaScript's: the innermost first. */
function stackOf(frames: readonly PythonFrame[]): string {
  const shown = frames.slice(-FRAMES_IN_STACK).reverse();
  const lines = shown.map(({ file, line, function: name }) => `\n    at ${name} (${file}:${line})`);
  const more = frames.length - shown.length;
  return lines.join('') + (more > 0 ? `\n    at ... ${more} frames of Python more` : '');
}
