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
  /** Make ready for a rung, and then call `then`: at once, or where it has to wait for something a little later. */
  readonly prepare: (rung: HardRung, then: () => void) => void;
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
  /** Calls that nothing gentler ended, the first first, with the rung that each needs first. */
  readonly #culprits = new Map<OpenCall, HardRung>();
  #spares = false;
  #yielded = false;
  #stopped = false;
  /** The rung that is made ready. */
  #next: HardRung | undefined;
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
    const [first] = this.#culprits.keys();
    return first;
  }

  has(open: OpenCall): boolean {
    return this.#culprits.has(open);
  }

  /** Nothing gentler ended this call. One more goes along with those before it. */
  climb(open: OpenCall, first: HardRung): void {
    if (this.#stopped) return;
    this.#culprits.set(open, first);
    this.#yield();
    if (this.#rung !== undefined) open.rung = this.#rung;
    if (this.#rung !== undefined || this.#next !== undefined) {
      if (first === 'sigkill') this.#take('sigkill');
    } else if (!this.#hasNeighbours) this.#take(this.#first);
    else if (!this.#spares) this.#spare();
  }

  /** A call of the process was answered, and runs no more. */
  answered(open: OpenCall): void {
    this.#culprits.delete(open);
    if (this.#rung !== undefined) return;
    if (this.#culprits.size === 0) this.#next = undefined;
    if (!this.#spares || this.#next !== undefined) return;
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

  /** What the calls that are left need first: the hardest of it. */
  get #first(): HardRung {
    const firsts = [...this.#culprits.values()];
    return firsts.includes('sigkill') ? 'sigkill' : (firsts[0] ?? 'sigint');
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

  /** Take a rung as soon as all is ready for it; that begins once. */
  #take(rung: HardRung): void {
    if (this.#stopped || this.#next === rung) return;
    this.#timer.stop();
    this.#spares = false;
    this.#next = rung;
    this.#parts.prepare(rung, () => {
      if (this.#stopped || this.#next !== rung) return;
      this.#next = undefined;
      // A call that needed more may have ended by itself meanwhile.
      this.#make(this.#rung === undefined ? this.#first : rung);
    });
  }

  /** The grace of a rung begins when it is made, and not before. */
  #make(rung: HardRung): void {
    this.#rung = rung;
    this.#culprit ??= this.culprit;
    for (const open of this.#culprits.keys()) open.rung = rung;
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
