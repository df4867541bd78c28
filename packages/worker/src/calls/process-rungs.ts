import { StateTimer } from '../life/state-timer.js';
import type { CancelGraces, HardRung } from './cancel-ladder.js';
import type { OpenCall } from './call-table.js';

/** What {@link ProcessRungs} lean on. */
export interface ProcessRungsParts {
  readonly graces: CancelGraces;
  /** Calls that the process runs at once. */
  readonly concurrency: number;
  /** Calls that it runs now. */
  readonly running: () => number;
  /** Give it no more calls: what is to come would hit them. Told once, and never where one call runs at a time. */
  readonly yields: () => void;
  /** Signal the process group. */
  readonly signal: (signal: 'SIGINT' | 'SIGTERM') => void;
  /** End the process: the last rung. */
  readonly end: () => void;
}

const NEXT = { sigint: 'sigterm', sigterm: 'sigkill' } as const;

/**
 * The rungs of a ladder that reach a whole process, and so every call in it.
 *
 * Calls that run beside the one to be ended are its neighbours. They get a grace to finish in, while no new call joins them; those that are
 * still there when it is over end with the process. Where one call runs at a time there are none, and nothing is waited for.
 */
export class ProcessRungs {
  readonly #parts: ProcessRungsParts;
  readonly #timer = new StateTimer();
  /** Calls that nothing gentler ended, the first first. */
  readonly #culprits = new Set<OpenCall>();
  #first: HardRung = 'sigint';
  #spares = false;
  #yielded = false;
  #stopped = false;
  #rung: HardRung | undefined;
  #culprit: OpenCall | undefined;

  constructor(parts: ProcessRungsParts) {
    this.#parts = parts;
  }

  /** Whether the process takes no more calls for the sake of one. */
  get yielded(): boolean {
    return this.#yielded;
  }

  /** The last that was done to the process; `undefined` while it was left alone. */
  get rung(): HardRung | undefined {
    return this.#rung;
  }

  /** The call for whose sake the process is to end, or has ended. */
  get culprit(): OpenCall | undefined {
    if (this.#culprit !== undefined) return this.#culprit;
    const [first] = this.#culprits;
    return first;
  }

  has(open: OpenCall): boolean {
    return this.#culprits.has(open);
  }

  /** Nothing gentler ended this call. One more goes along with those before it. */
  climb(open: OpenCall, first: HardRung): void {
    if (this.#stopped) return;
    this.#culprits.add(open);
    if (first === 'sigkill' || this.#culprits.size === 1) this.#first = first;
    this.#yield();
    if (this.#rung !== undefined && first !== 'sigkill') open.rung = this.#rung;
    else if (this.#rung !== undefined || !this.#hasNeighbours) this.#take(this.#first);
    else if (!this.#spares) this.#spare();
  }

  /** A call of the process was answered, and runs no more. */
  answered(open: OpenCall): void {
    this.#culprits.delete(open);
    if (!this.#spares || this.#rung !== undefined) return;
    if (this.#culprits.size === 0) {
      this.#spares = false;
      this.#timer.stop();
    } else if (!this.#hasNeighbours) this.#take(this.#first);
  }

  /** Nothing more is done. */
  stop(): void {
    this.#stopped = true;
    this.#timer.stop();
  }

  get #hasNeighbours(): boolean {
    return this.#parts.running() > this.#culprits.size;
  }

  #yield(): void {
    if (this.#yielded || this.#parts.concurrency === 1) return;
    this.#yielded = true;
    this.#parts.yields();
  }

  #spare(): void {
    this.#spares = true;
    this.#after(this.#parts.graces.neighboursMs, () => this.#take(this.#first));
  }

  #take(rung: HardRung): void {
    if (this.#stopped) return;
    this.#rung = rung;
    this.#culprit ??= this.culprit;
    for (const open of this.#culprits) open.rung = rung;
    if (rung === 'sigkill') {
      this.stop();
      return this.#parts.end();
    }
    this.#parts.signal(rung === 'sigint' ? 'SIGINT' : 'SIGTERM');
    const { sigintMs, sigtermMs } = this.#parts.graces;
    this.#after(rung === 'sigint' ? sigintMs : sigtermMs, () => this.#take(NEXT[rung]));
  }

  #after(graceMs: number, next: () => void): void {
    this.#timer.stop();
    if (graceMs !== Infinity) this.#timer.start(graceMs, next);
  }
}
