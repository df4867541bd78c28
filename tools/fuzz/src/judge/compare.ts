import type { FrameVerdict, Verdict } from './verdict.js';

/** One thing that the languages see differently about an input. */
export interface Difference {
  readonly what: 'stream' | 'value' | 'message' | 'meaning';
  readonly about: string;
}

/** The messages that both languages have a reader or a shape for: CALL, HOST_CALL and control without START_FAILED. */
const READ_BY_BOTH: ReadonlySet<number> = new Set([1, 5, 16, 17, 18, 20, 21, 22, 23, 24, 25, 26, 27, 28]);

/**
 * Reasons of one side for which the other may see no violation, each by SPEC.md:
 * a receiver may refuse what is nested over 512 levels; the marker of what could not be encoded is for Node alone; JavaScript checks the form of
 * a datetime, since it may make a `Date` of it, and leaves that of other texts to Python, which fails one call for them.
 */
const JAVASCRIPT_ALONE = ['nested more than', 'malformed: datetime'];
const PYTHON_ALONE = ["the tag 'unencodable'", "has the tag 'unencodable'"];

/** Where two verdicts differ beyond what SPEC.md allows. */
export function differences(javascript: Verdict, python: Verdict): Difference[] {
  const found: Difference[] = [];
  if (javascript.error !== python.error) {
    found.push({ what: 'stream', about: `javascript: ${javascript.error}, python: ${python.error}` });
  }
  if (javascript.frames !== python.frames) {
    found.push({ what: 'stream', about: `frames: javascript ${javascript.frames}, python ${python.frames}` });
    return found;
  }
  javascript.parts.forEach((part, index) => {
    const other = python.parts[index];
    if (other !== undefined) found.push(...differencesOf(part, other));
  });
  return found;
}

function differencesOf(javascript: FrameVerdict, python: FrameVerdict): Difference[] {
  if (JAVASCRIPT_ALONE.some((reason) => javascript.why.includes(reason))) return [];
  if (PYTHON_ALONE.some((reason) => python.why.includes(reason))) return [];
  const found: Difference[] = [];
  const add = (what: 'value' | 'message'): void => {
    const about = `type ${javascript.type}: javascript ${javascript[what]} (${javascript.why}), python ${python[what]} (${python.why})`;
    found.push({ what, about });
  };
  if (!agree(javascript.value, python.value)) add('value');
  else if (!isSame(javascript.meaning, python.meaning)) {
    found.push({ what: 'meaning', about: `type ${javascript.type}: the values differ` });
  }
  if (isComparable(javascript, python) && !agree(javascript.message, python.message)) add('message');
  return found;
}

/** Those that Python says, which may hold tags by their form and never do. */
const FROM_PYTHON: ReadonlySet<number> = new Set([16, 18, 21, 25, 27, 28]);

/**
 * What a message is made of has to exist on both sides first. The error of an EVENT is read in Node alone; and a tagged number or map in the place
 * of a number or object is the same to Python, and something else to Node.
 */
function isComparable({ type, tagged, value, message, why }: FrameVerdict, python: FrameVerdict): boolean {
  if (!READ_BY_BOTH.has(type) || value !== 'ok') return false;
  if (['impossible', 'none'].includes(message) || python.message === 'impossible') return false;
  return !(tagged && FROM_PYTHON.has(type)) && !(type === 28 && / at "error|an error/.test(why));
}

/** Both go on with the connection, or neither: what one call fails for is each language's own. */
function agree(javascript: string, python: string): boolean {
  return (javascript === 'protocol') === (python === 'protocol');
}

function isSame(left: string, right: string): boolean {
  return left === right || [left, right].includes('?') || [left, right].includes('');
}
