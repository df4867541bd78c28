import type { DumpedThread, PythonFrame } from '@pypool/protocol';
import { frameOf, headingOf, type ThreadHeading } from '../output/faulthandler.js';
import type { OutputLine } from '../output/line-builder.js';

/** What stands in a stack beside frames: `...` for those left out, `<no Python frame>`, `Garbage-collecting`. */
const OTHER = /^ {2}(?:\.\.\.|<.*>|Garbage-collecting)$/;

/** Behind this, what follows are the stacks of a crash. */
const CRASH = 'Fatal Python error: ';

/**
 * The stacks of all threads that a process writes to stderr on a signal, picked from its lines as they come.
 *
 * Nothing marks their end. But the main thread comes last, and its last frame is known: the program that `python -c` was given, or `...` where there
 * are too many.
 */
export class SignalledStacks {
  #expected = false;
  #threads: DumpedThread[] = [];
  #frames: PythonFrame[] = [];
  #heading: ThreadHeading | undefined;
  /** What there is of a line that was too long. */
  #rest = '';
  readonly #onEnd: (threads: readonly DumpedThread[]) => void;

  /** @param onEnd - told of the stacks once they are complete */
  constructor(onEnd: (threads: readonly DumpedThread[]) => void) {
    this.#onEnd = onEnd;
  }

  /** The signal was sent: the next stacks are meant, unless they are those of a crash. */
  expect(): void {
    this.#expected = true;
  }

  /** Nobody waits for them any more. What has begun is read to its end. */
  forgo(): void {
    if (this.#heading === undefined) this.#expected = false;
  }

  /** Stacks have begun. */
  get begun(): boolean {
    return this.#heading !== undefined;
  }

  /** Nothing more is to come: whatever there is, is all. */
  end(): void {
    if (this.#heading === undefined) return;
    this.#close();
    const threads = this.#threads;
    this.#threads = [];
    this.#expected = false;
    this.#rest = '';
    this.#onEnd(threads);
  }

  /** Take the next line of stderr, without control sequences. @returns what of it is none of the stacks' */
  sift(line: OutputLine): OutputLine | undefined {
    if (!this.#expected) return line;
    const text = this.#rest + line.line;
    this.#rest = '';
    if (text.startsWith(CRASH)) {
      this.end();
      this.#expected = false;
      return line;
    }
    const heading = headingOf(text);
    if (heading !== undefined) {
      this.#close();
      this.#heading = heading;
      return heading.before === '' ? undefined : { ...line, line: heading.before };
    }
    if (this.#heading === undefined) return line;
    if (line.truncated && text.startsWith('  File ')) {
      this.#rest = text;
      return undefined;
    }
    const frame = frameOf(text);
    if (frame !== undefined) this.#frames.push(frame);
    else if (!OTHER.test(text) && text !== '') {
      this.end();
      return line;
    }
    const isLast = frame === undefined ? text === '  ...' : frame.file === '<string>';
    if (this.#heading.current && isLast) this.end();
    return undefined;
  }

  #close(): void {
    if (this.#heading === undefined) return;
    const { id, name, current } = this.#heading;
    this.#threads.push({ id, name, main: current, frames: this.#frames });
    this.#heading = undefined;
    this.#frames = [];
  }
}
