import { NO_CALL, type OutputCall } from './output-call.js';

/** Longest part of a mark that tells something. A runtime makes none of more than about 16 KiB, however long the names of sessions are. */
const MAX_BODY = 20 * 1024;

const END = '\u001b\\';

/**
 * What a mark says (SPEC.md section 12): what follows is of this call, or of none; or it was written by a forked child (`aside`), which says
 * nothing about what stands around it; or that is over (`back`).
 */
export type Mark = OutputCall | 'aside' | 'back';

/** Whom a {@link MarkScanner} tells, in the order of the text. */
export interface MarkListener {
  onText(text: string): void;
  onMark(mark: Mark): void;
}

/**
 * Takes the runtime's marks out of what a process printed.
 *
 * Whatever is no mark is text: what looks like the beginning of one is held back until more has come, and is text after all if it goes on
 * otherwise or the output ends there.
 */
export class MarkScanner {
  readonly #begin: string;
  readonly #listener: MarkListener;
  #held = '';

  /** @param token what the runtime was told to make its marks with */
  constructor(token: string, listener: MarkListener) {
    this.#begin = `\u001b_pypool;${token};`;
    this.#listener = listener;
  }

  push(text: string): void {
    const all = this.#held + text;
    let from = 0;
    this.#held = '';
    for (let at = all.indexOf(this.#begin); at !== -1; at = all.indexOf(this.#begin, from)) {
      this.#say(all.slice(from, at));
      const body = at + this.#begin.length;
      const end = all.indexOf(END, body);
      const mark = end === -1 ? undefined : markOf(all.slice(body, end));
      if (mark !== undefined) {
        this.#listener.onMark(mark);
        from = end + END.length;
      } else if (end === -1 && all.length - body < MAX_BODY) {
        this.#held = all.slice(at);
        return;
      } else {
        this.#say(this.#begin);
        from = body;
      }
    }
    const rest = all.slice(from);
    const begun = beginningOf(this.#begin, rest);
    this.#say(rest.slice(0, rest.length - begun));
    this.#held = rest.slice(rest.length - begun);
  }

  /** Nothing follows. */
  end(): void {
    this.#say(this.#held);
    this.#held = '';
  }

  #say(text: string): void {
    if (text !== '') this.#listener.onText(text);
  }
}

/** How many characters at the end of the text are how a mark begins. */
function beginningOf(begin: string, text: string): number {
  // The first character of a mark is not in the rest of its beginning.
  const at = text.lastIndexOf(begin[0]!);
  const length = text.length - at;
  return at !== -1 && length < begin.length && begin.startsWith(text.slice(at)) ? length : 0;
}

function markOf(body: string): Mark | undefined {
  if (body === '') return NO_CALL;
  if (body === '(') return 'aside';
  if (body === ')') return 'back';
  let said: unknown;
  try {
    said = JSON.parse(body);
  } catch {
    return undefined; // nothing of ours
  }
  if (!Array.isArray(said) || said.length !== 3) return undefined;
  const [callId, name, sessionId] = said as unknown[];
  if (!Number.isSafeInteger(callId) || !isNamed(name) || !isNamed(sessionId)) return undefined;
  return { callId: callId as number, function: name, sessionId };
}

function isNamed(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}
