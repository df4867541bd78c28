import { encodeMessage, FrameType, type Cancel, type ExposedFunction } from '@pypool/protocol';
import type { Connection } from '@pypool/transport';
import { LONGEST_TIMER_MS } from '../longest-timer.js';
import type { OpenCall } from './call-table.js';

/**
 * The ways to end a call, each harder than the one before: the runtime raises `Cancelled` where the call is; the kernel sends `SIGINT`, which
 * reaches C code that looks for signals; `SIGTERM`; `SIGKILL`.
 */
export type Rung = 'interrupt' | 'sigint' | 'sigterm' | 'sigkill';

/** How long a call may take to end after each rung, before the next. Milliseconds; 0: the next follows at once, `Infinity`: it never does. */
export interface CancelGraces {
  /** After the interrupt; `finally` blocks run in this time, and what is under `shield()`. @defaultValue `2_000` */
  readonly interruptMs: number;
  /** After `SIGINT`. @defaultValue `500` */
  readonly sigintMs: number;
  /** After `SIGTERM`. @defaultValue `500` */
  readonly sigtermMs: number;
}

/** The graces of a worker that is told nothing else. */
export const DEFAULT_GRACES: CancelGraces = Object.freeze({
  interruptMs: 2_000,
  sigintMs: 500,
  sigtermMs: 500,
});

/** What a ladder leans on. */
export interface CancelLadderParts {
  readonly graces: CancelGraces;
  readonly connection: Connection;
  /** Signal the process group. */
  readonly signal: (signal: 'SIGINT' | 'SIGTERM') => void;
  /** End the process: the last rung. */
  readonly end: () => void;
}

/** The calls of a worker that are on their way to their end. */
export class CancelLadder {
  readonly #parts: CancelLadderParts;
  readonly #climbing = new Map<OpenCall, NodeJS.Timeout | undefined>();

  constructor(parts: CancelLadderParts) {
    this.#parts = parts;
  }

  /** Begin to end a call that runs. One that is being ended already goes on where it is. */
  climb(open: OpenCall, mode: Cancel['mode'], how: ExposedFunction['cancel']): void {
    if (open.rung !== undefined) return;
    if (how === 'kill' && mode === 'interrupt') return this.#kill(open);
    open.rung = 'interrupt';
    this.ask(open, mode);
    const next = how === 'kill' ? () => this.#kill(open) : () => this.#signal(open, 'sigint');
    this.#then(open, this.#parts.graces.interruptMs, next);
  }

  /** Ask the runtime to end a call, or never to begin it. */
  ask(open: OpenCall, mode: Cancel['mode']): void {
    this.#parts.connection.control.send(encodeMessage(FrameType.CANCEL, { mode }, open.id));
  }

  /** A call was answered: it climbs no further. */
  ended(open: OpenCall): void {
    clearTimeout(this.#climbing.get(open));
    this.#climbing.delete(open);
  }

  /** No call climbs any further. */
  stop(): void {
    for (const open of this.#climbing.keys()) this.ended(open);
  }

  #signal(open: OpenCall, rung: 'sigint' | 'sigterm'): void {
    const { graces, signal } = this.#parts;
    open.rung = rung;
    signal(rung === 'sigint' ? 'SIGINT' : 'SIGTERM');
    if (rung === 'sigint') this.#then(open, graces.sigintMs, () => this.#signal(open, 'sigterm'));
    else this.#then(open, graces.sigtermMs, () => this.#kill(open));
  }

  #kill(open: OpenCall): void {
    open.rung = 'sigkill';
    this.stop();
    this.#parts.end();
  }

  #then(open: OpenCall, graceMs: number, next: () => void): void {
    if (graceMs === Infinity) return void this.#climbing.set(open, undefined);
    // One turn more, to read an answer that has arrived: a blocked loop must not cost a worker.
    const climb = (): unknown => setImmediate(() => this.#climbing.get(open) === timer && next());
    const timer = setTimeout(climb, Math.min(graceMs, LONGEST_TIMER_MS));
    this.#climbing.set(open, timer);
  }
}
