import type { PythonError } from '@pypool/protocol';

/** How names of variables are written in prose: `OPENAI_API_KEY`. */
const NAME_IN_PROSE = /\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g;

/** As much of a message is looked at. */
const MOST_CHARACTERS = 2_000;

/**
 * Where Python missed a variable that this process has and the worker was not given: the option that passes it on. Never its value.
 *
 * A `KeyError` of `os.environ` names it; libraries that look by themselves say in prose that an environment variable should be set.
 */
export function heldBackVariable(error: PythonError, given: Readonly<Record<string, string>>): string {
  const name = namesIn(error).find((name) => process.env[name] !== undefined && given[name] === undefined);
  if (name === undefined) return '';
  return `; workers do not have ${name} of this process's environment unless an option passes it on: env: { inherit: ['${name}'] }.`;
}

function namesIn(error: PythonError): readonly string[] {
  if (error.pythonType === 'KeyError') {
    const [name] = error.args;
    return isReadOfEnvironment(error) && typeof name === 'string' ? [name] : [];
  }
  const text = error.message.slice(0, MOST_CHARACTERS);
  return /\benv(?:ironment)?\b/i.test(text) ? (text.match(NAME_IN_PROSE) ?? []) : [];
}

function isReadOfEnvironment({ frames }: PythonError): boolean {
  const { file = '', function: reader = '' } = frames.at(-1) ?? {};
  return /(?:^|[/\\])os\.py$|^<frozen os>$/.test(file) && reader.endsWith('__getitem__');
}
