import { createError } from './create-error.js';
import type { PypoolError } from './error.js';
import { protocolError } from './protocol-error.js';
import { PythonError, type PythonErrorDetails, type PythonFrame } from './python-error.js';

/**
 * Make the error that an error object of the wire (SPEC.md section 6) stands for, with the chain of its causes.
 *
 * @param object - The decoded envelope of an ERROR or START_FAILED, or the `error` of an EVENT.
 * @param about - Facts of this side for its context, for example whose reply it is. Its causes do not get them.
 * @throws CommunicationError `protocol` where it is none.
 */
export function pythonErrorFrom(object: unknown, about: Readonly<Record<string, unknown>> = {}): PypoolError {
  const fields = new Fields(object);
  const message = fields.text('message');
  const kind = fields.text('kind');
  switch (kind) {
    case 'python':
      return exception(fields, message, about, fields.text('type'), fields.text('module'));
    case 'fail': {
      const failure = { code: fields.text('code'), data: fields.any('data') };
      const type = fields.optionalText('type') ?? 'Fail';
      const module = fields.optionalText('module') ?? 'pypool';
      return new PythonError({ ...details(fields, about, type, module), message, failure });
    }
    case 'unknown-function':
      return createError({
        code: 'unknown-function',
        message,
        context: { ...about, name: fields.text('name'), suggestions: fields.texts('suggestions') },
      });
    case 'invalid-arguments': {
      const cause = exception(
        fields,
        message,
        {},
        fields.optionalText('type'),
        fields.optionalText('module'),
      );
      return createError({
        code: 'invalid-arguments',
        message,
        outcome: fields.flag('started') ? 'finished' : 'not-started',
        context: { ...about, signature: fields.optionalText('signature') ?? null },
        // Arguments that do not fit the signature have no exception behind them.
        cause: fields.has('type') ? cause : undefined,
      });
    }
    case 'unencodable':
      return createError({
        code: 'unencodable',
        message,
        outcome: 'finished',
        context: { ...about, path: fields.text('path'), type: fields.text('type') },
      });
    case 'frame-too-large':
      return createError({
        code: 'frame-too-large',
        message,
        outcome: 'finished',
        context: { ...about, bytes: fields.count('bytes'), limit: fields.count('limit') },
      });
    case 'cancelled': {
      const ended = fields.flag('started') ? 'finished' : 'not-started';
      return createError({
        code: 'aborted',
        message,
        // Of a batch that goes on for others: what it does with this call is not known yet.
        outcome: fields.flag('runsOn') ? 'unknown' : ended,
        context: about,
      });
    }
    default:
      throw protocolError(`an error of unknown kind ${JSON.stringify(kind.slice(0, 40))}`);
  }
}

function exception(
  fields: Fields,
  message: string,
  about: Readonly<Record<string, unknown>>,
  type = 'Exception',
  module = 'builtins',
): PythonError {
  return new PythonError({
    ...details(fields, about, type, module),
    message: message === '' ? type : `${type}: ${message}`,
  });
}

/** What every Python exception has, whatever became of it. */
function details(
  fields: Fields,
  context: Readonly<Record<string, unknown>>,
  pythonType: string,
  pythonModule: string,
): Omit<PythonErrorDetails, 'message'> {
  const cause = fields.error('cause');
  const during = fields.error('context');
  const suppressed = fields.flag('suppressContext');
  return {
    code: 'python-error',
    outcome: 'finished',
    context,
    // `raise X from None` hides the context; Python itself prints it no more then.
    cause: cause ?? (suppressed ? undefined : during),
    pythonType,
    pythonModule,
    args: fields.list('args'),
    traceback: fields.optionalText('traceback') ?? '',
    frames: fields.list('frames').map(frameFrom),
    notes: fields.texts('notes'),
    exceptions: fields.has('exceptions')
      ? fields.list('exceptions').map((member) => pythonErrorFrom(member))
      : undefined,
  };
}

function frameFrom(object: unknown): PythonFrame {
  const fields = new Fields(object);
  return {
    file: fields.text('file'),
    line: fields.count('line'),
    function: fields.text('function'),
    code: fields.optionalText('code'),
  };
}

/** Reads the fields of an object from the wire, each of the kind it must be. */
class Fields {
  readonly #object: Readonly<Record<string, unknown>>;

  constructor(object: unknown) {
    if (typeof object !== 'object' || object === null || Array.isArray(object)) {
      throw protocolError('an error is not an object');
    }
    this.#object = object as Readonly<Record<string, unknown>>;
  }

  has(name: string): boolean {
    return this.any(name) != null;
  }

  any(name: string): unknown {
    return Object.hasOwn(this.#object, name) ? this.#object[name] : undefined;
  }

  text(name: string): string {
    return this.optionalText(name) ?? this.#refuse(name);
  }

  optionalText(name: string): string | undefined {
    const value = this.any(name) ?? undefined;
    return value === undefined || typeof value === 'string' ? value : this.#refuse(name);
  }

  count(name: string): number {
    const value = this.any(name);
    return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : this.#refuse(name);
  }

  flag(name: string): boolean {
    const value = this.any(name) ?? false;
    return typeof value === 'boolean' ? value : this.#refuse(name);
  }

  list(name: string): readonly unknown[] {
    const value = this.any(name) ?? [];
    return Array.isArray(value) ? value : this.#refuse(name);
  }

  texts(name: string): readonly string[] {
    const list = this.list(name);
    return list.every((item) => typeof item === 'string') ? list : this.#refuse(name);
  }

  error(name: string): PypoolError | undefined {
    return this.has(name) ? pythonErrorFrom(this.any(name)) : undefined;
  }

  #refuse(name: string): never {
    throw protocolError(`an error has no valid "${name}"`);
  }
}
