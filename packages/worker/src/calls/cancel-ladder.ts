import { encodeMessage, FrameType, type Cancel, type ExposedFunction } from '@pypool/protocol';
import type { Connection } from '@pypool/transport';
import { LONGEST_TIMER_MS } from '../longest-timer.js';
import type { OpenCall } from './call-table.js';
import { ProcessRungs, type ProcessRungsParts } from './process-rungs.js';

/**
 * The ways to end a call, each harder than the one before: the runtime raises `Cancelled` where the call is; the kernel sends `SIGINT`, which
 * reaches C code that looks for signals; `SIGTERM`; `SIGKILL`.
 */
export type Rung = 'interrupt' | HardRung;

/** The rungs that reach the whole process, and so every call in it. */
export type HardRung = 'sigint' | 'sigterm' | 'sigkill';

/** How long a call may take to end after each rung, before the next. Milliseconds; 0: the next follows at once, `Infinity`: it never does. */
export interface CancelGraces {
  /** After the interrupt; `finally` blocks run in this time, and what is under `shield()`. @defaultValue `2_000` */
  readonly interruptMs: number;
  /** After `SIGINT`. @defaultValue `500` */
  readonly sigintMs: number;
  /** After `SIGTERM`. @defaultValue `500` */
  readonly sigtermMs: number;
  /**
   * For the calls that run beside it (`concurrency` over 1), before the first rung that reaches the whole process: the worker takes no more calls then, and
   * climbs as soon as they have finished. 0: they end with the process, `Infinity`: they take as long as they take. @defaultValue `5_000`
   */
  readonly neighboursMs: number;
}

/** The graces of a worker that is told nothing else. */
export const DEFAULT_GRACES: CancelGraces = Object.freeze({
  interruptMs: 2_000,
  sigintMs: 500,
  sigtermMs: 500,
  neighboursMs: 5_000,
});

/** What a ladder leans on. */
export interface CancelLadderParts extends ProcessRungsParts {
  readonly connection: Connection;
  /** The first rung after the interrupt that can end a call at all. */
  readonly firstHardRung: HardRung;
}

/** The calls of a worker that are on their way to their end. */
export class CancelLadder {
  readonly #parts: CancelLadderParts;
  readonly #climbing = new Map<OpenCall, NodeJS.Timeout | undefined>();
  /** Where the ladder leaves the single call. */
  readonly process: ProcessRungs;

  constructor(parts: CancelLadderParts) {
    this.#parts = parts;
    this.process = new ProcessRungs(parts);
  }

  /** Begin to end a call that runs. One that is being ended already goes on where it is. */
  climb(open: OpenCall, mode: Cancel['mode'], how: ExposedFunction['cancel']): void {
    if (open.rung !== undefined || this.process.has(open)) return;
    if (how === 'kill' && mode === 'interrupt') return this.process.climb(open, 'sigkill');
    open.rung = 'interrupt';
    this.ask(open, mode);
    const next = how === 'kill' ? 'sigkill' : this.#parts.firstHardRung;
    this.#then(open, this.#parts.graces.interruptMs, () => this.process.climb(open, next));
  }

  /** Ask the runtime to end a call, or never to begin it. */
  ask(open: OpenCall, mode: Cancel['mode']): void {
    this.#parts.connection.control.send(encodeMessage(FrameType.CANCEL, { mode }, open.id));
  }

  /** A call was answered, and runs no more: it climbs no further, and is nobody's neighbour. */
  answered(open: OpenCall): void {
    this.#forget(open);
    this.process.answered(open);
  }

  /** No call climbs any further. */
  stop(): void {
    for (const open of this.#climbing.keys()) this.#forget(open);
    this.process.stop();
  }

  #forget(open: OpenCall): void {
    clearTimeout(this.#climbing.get(open));
    this.#climbing.delete(open);
  }

  #then(open: OpenCall, graceMs: number, next: () => void): void {
    if (graceMs === Infinity) return void this.#climbing.set(open, undefined);
    // One turn more, to read an answer that has arrived: a blocked loop must not cost a worker.
    const climb = (): unknown => setImmediate(() => this.#climbing.get(open) === timer && next());
    const timer = setTimeout(climb, Math.min(graceMs, LONGEST_TIMER_MS));
    this.#climbing.set(open, timer);
  }
}

/** Whether a call was ended in a way that its process is not to outlive. */
export function isHard(rung: Rung | undefined): boolean {
  return rung !== undefined && rung !== 'interrupt';
}
