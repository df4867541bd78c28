import type { Dumped, DumpedThread, PythonFrame } from '@pypool/protocol';
import { StateTimer } from '../life/state-timer.js';
import { lineOf } from '../output/faulthandler.js';
import type { Inspector, Withdraw } from '../stacks/inspector.js';
import { ownFramesOf } from '../stacks/own-frames.js';
import type { OpenCall } from './call-table.js';

/** How long the process is not ended for want of a stack that was asked for, and as long again for one from a signal. */
const PATIENCE_MS = 250;

/** How long the error of a call that was answered waits for its stack, which was told before but on another channel. */
const STRAGGLE_MS = 100;

/** Who waits until a stack that was asked for is told, or can be told no more. */
type Waiting = Set<() => void>;

/**
 * Where calls were when their time was over: asked before they are interrupted, and where C code holds the interpreter written from a signal,
 * before the process gets one that may end it.
 */
export class CallStacks {
  readonly #inspector: Inspector;
  readonly #runsAlone: (open: OpenCall) => boolean;
  readonly #taking = new Map<OpenCall, Waiting>();
  readonly #told = new Map<OpenCall, readonly string[]>();
  readonly #patience = new StateTimer();
  /** There where the runtime was asked and has not told yet. */
  #withdrawQuestion: Withdraw | undefined;
  #withdrawSignal: Withdraw | undefined;

  /** @param runsAlone - whether a call is the only one that runs: then a stack that says nothing of calls is its own */
  constructor(inspector: Inspector, runsAlone: (open: OpenCall) => boolean) {
    this.#inspector = inspector;
    this.#runsAlone = runsAlone;
  }

  /**
   * Ask where a call is. What is sent on control after this, comes after that.
   *
   * One answer tells of all calls. So it is asked for once, however many run out of time together or until it comes: what interrupts them is sent
   * behind the question.
   */
  take(open: OpenCall): void {
    if (!this.#inspector.canTell || this.#taking.has(open) || this.#told.has(open)) return;
    this.#taking.set(open, new Set());
    this.#withdrawQuestion ??= this.#inspector.ask((dumped) => this.#onDumped(dumped));
  }

  /** The process is about to get a signal, and some stack was not told: have it written, from where it is now. */
  force(): void {
    if (this.#taking.size === 0 || this.#withdrawSignal !== undefined) return;
    this.#withdrawSignal = this.#inspector.signal((threads) => this.#onSignalled(threads ?? []));
  }

  /** Call `then` at once where no stack is waited for, and otherwise when that is told, or is not to be had in half a second. */
  whenTold(then: () => void): void {
    const [latest] = [...this.#taking.values()].slice(-1);
    if (latest === undefined) return then();
    latest.add(then);
    const giveUp = (): void => this.#giveUp();
    if (this.#withdrawSignal !== undefined) this.#patience.start(PATIENCE_MS, giveUp);
    else {
      this.#patience.start(PATIENCE_MS, () => {
        this.force();
        this.#patience.start(PATIENCE_MS, giveUp);
      });
    }
  }

  /** Call `then` with the stack of a call that is answered; a little later where that is still on its way. */
  answer(open: OpenCall, then: (stack: readonly string[]) => void): void {
    const waiting = this.#taking.get(open);
    if (waiting === undefined) return then(this.drop(open));
    const timer = new StateTimer();
    const answer = (): void => {
      timer.stop();
      then(this.drop(open));
    };
    waiting.add(answer);
    timer.start(STRAGGLE_MS, () => this.#settle(open, []));
  }

  /** The stack of a call, which is not asked for again. */
  drop(open: OpenCall): readonly string[] {
    const stack = this.#told.get(open) ?? [];
    this.#told.delete(open);
    return stack;
  }

  /** The process is ending: who was answered is not kept waiting. What it has written by then may still be read. */
  stop(): void {
    this.#patience.stop();
    for (const waiting of this.#taking.values()) {
      for (const waits of waiting) waits();
      waiting.clear();
    }
  }

  #onDumped(dumped: Dumped | undefined): void {
    this.#withdrawQuestion = undefined;
    const framesOf = new Map(dumped?.calls.map(({ id, frames }) => [id, frames]));
    for (const open of [...this.#taking.keys()]) this.#settle(open, framesOf.get(open.id) ?? []);
  }

  #onSignalled(threads: readonly DumpedThread[]): void {
    this.#withdrawSignal = undefined;
    const frames = ownFramesOf(threads);
    for (const open of [...this.#taking.keys()]) this.#settle(open, this.#runsAlone(open) ? frames : []);
  }

  #giveUp(): void {
    this.#withdrawSignal?.();
    this.#withdrawSignal = undefined;
    for (const open of [...this.#taking.keys()]) this.#settle(open, []);
  }

  /** Nobody waits. A runtime whose answer would not fit tells nothing: who comes next asks anew. */
  #forget(): void {
    this.#patience.stop();
    this.#withdrawQuestion?.();
    this.#withdrawQuestion = undefined;
  }

  #settle(open: OpenCall, frames: readonly PythonFrame[]): void {
    const waiting = this.#taking.get(open);
    if (waiting === undefined) return;
    this.#taking.delete(open);
    if (this.#taking.size === 0) this.#forget();
    if (frames.length > 0) this.#told.set(open, frames.map(lineOf));
    for (const waits of waiting) waits();
  }
}
