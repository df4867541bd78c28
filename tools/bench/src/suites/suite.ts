import type { Pinning } from '../machine/pinning.js';
import type { SuiteResult } from '../report/result.js';

/** What the command line says to every suite. */
export interface SuiteContext {
  /** Shorter: to see that everything works, not to trust the figures. */
  readonly quick: boolean;
  /** Which core is whose. */
  readonly pinning: Pinning;
  /** Aborts on Ctrl-C and when the time for the whole run is over; the suite then closes what it started. */
  readonly signal: AbortSignal;
  /** Say what is being done, to a person who waits. */
  readonly progress: (message: string) => void;
}

/** One file in this folder; `npm run bench -- <name>` runs it. */
export interface Suite {
  readonly name: string;
  /** One line for the list of suites. */
  readonly summary: string;
  /** Whether it wants Node on one core and the workers on another, or all on all of them. */
  readonly pinned: boolean;
  run(context: SuiteContext): Promise<SuiteResult>;
}
