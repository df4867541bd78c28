import { frameOf, headingOf } from './faulthandler.js';

/** As many frames as faulthandler prints of a thread. */
const MAX_FRAMES = 100;

/**
 * The Python stack that faulthandler prints on stderr when C code crashes (SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL), picked from the lines
 * as they come: with other threads' stacks behind it, it may long have left the tail of stderr.
 */
export class FatalStack {
  #frames: string[] = [];
  #state: 'none' | 'fatal' | 'stack' = 'none';

  /** Of the thread that crashed, the most recent call first: `File "/app/a.py", line 3 in f`. Empty where there was no crash. */
  get frames(): readonly string[] {
    return this.#frames;
  }

  /** Take the next line of stderr, without control sequences. */
  push(line: string): void {
    if (line.startsWith('Fatal Python error: ')) {
      this.#frames = [];
      this.#state = 'fatal';
    } else if (this.#state === 'fatal') {
      // "Stack" where faulthandler shows one thread only. The stacks of other threads begin with "Thread".
      const isIts = line === 'Stack (most recent call first):' || headingOf(line)?.current === true;
      if (isIts) this.#state = 'stack';
    } else if (this.#state === 'stack') {
      if (frameOf(line) !== undefined && this.#frames.length < MAX_FRAMES) this.#frames.push(line.trim());
      else this.#state = 'none';
    }
  }
}
