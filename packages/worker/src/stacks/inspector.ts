import { encodeMessage, FrameType, type Dumped, type DumpedThread } from '@pypool/protocol';
import type { FrameSink } from '@pypool/transport';
import { StateTimer } from '../life/state-timer.js';
import type { OutputLine } from '../output/line-builder.js';
import { SignalledStacks } from './signalled-stacks.js';

/** Stacks that have begun and of which no line came for so long are taken for complete. */
const QUIET_MS = 200;

/** Told once, with `undefined` where the process ended before it answered; or never, see {@link Withdraw}. */
export type Told<T> = (what: T | undefined) => void;

/** Wait no longer: whoever asked is not told any more. */
export type Withdraw = () => void;

/**
 * The two ways to find out where a process is: its runtime tells, when asked on control; and where C code holds the interpreter, a signal has the
 * stacks written to stderr. How long to wait for either is for whoever asks to say.
 */
export class Inspector {
  readonly #control: FrameSink;
  readonly #signalAlone: ((signal: 'SIGWINCH') => void) | undefined;
  readonly #asking = new Map<number, Told<Dumped>>();
  readonly #signalling = new Set<Told<readonly DumpedThread[]>>();
  readonly #stacks = new SignalledStacks((threads) => this.#onStacks(threads));
  readonly #quiet = new StateTimer();
  #count = 0;
  #canTell = false;
  #over = false;

  /** @param signalAlone - signals the process and not its group; left out for one that is not on this machine */
  constructor(control: FrameSink, signalAlone: ((signal: 'SIGWINCH') => void) | undefined) {
    this.#control = control;
    this.#signalAlone = signalAlone;
  }

  /** What HELLO said that its runtime can do. */
  describe(capabilities: readonly string[]): void {
    this.#canTell = capabilities.includes('dump');
  }

  /** Whether there is a way. */
  get canTell(): boolean {
    return this.#canTell;
  }

  /** The process has ended, and tells nothing more. */
  get over(): boolean {
    return this.#over;
  }

  /** Ask the runtime. What is sent on control after this, it reads after it has looked. */
  ask(told: Told<Dumped>): Withdraw {
    const n = ++this.#count;
    this.#asking.set(n, told);
    this.#control.send(encodeMessage(FrameType.DUMP, { n }));
    return () => this.#asking.delete(n);
  }

  /** Have the stacks written, without the interpreter. Who asks while that is under way waits for the same. */
  signal(told: Told<readonly DumpedThread[]>): Withdraw {
    this.#signalling.add(told);
    if (this.#signalling.size === 1 && this.#signalAlone !== undefined) {
      this.#stacks.expect();
      this.#signalAlone('SIGWINCH');
    }
    return () => {
      if (this.#signalling.delete(told) && this.#signalling.size === 0) this.#stacks.forgo();
    };
  }

  /** The runtime has told. */
  onDumped(dumped: Dumped): void {
    const told = this.#asking.get(dumped.n);
    this.#asking.delete(dumped.n);
    told?.(dumped);
  }

  /** Take the next line of stderr. @returns what of it is the process's own output */
  sift(line: OutputLine): OutputLine | undefined {
    const rest = this.#stacks.sift(line);
    if (this.#stacks.begun) this.#quiet.start(QUIET_MS, () => this.#stacks.end());
    return rest;
  }

  /** The process has ended. */
  end(): void {
    this.#over = true;
    this.#stacks.end();
    this.#quiet.stop();
    for (const told of [...this.#asking.values(), ...this.#signalling]) told(undefined);
    this.#asking.clear();
    this.#signalling.clear();
  }

  #onStacks(threads: readonly DumpedThread[]): void {
    this.#quiet.stop();
    const waiting = [...this.#signalling];
    this.#signalling.clear();
    for (const told of waiting) told(threads);
  }
}
