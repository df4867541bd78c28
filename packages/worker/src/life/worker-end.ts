import type { PypoolError } from '@pypool/protocol';
import type { CallRunner } from '../calls/call-runner.js';
import type { LaunchedWorker, ProcessExit } from '../launcher/contract.js';
import { FatalStack } from '../output/fatal-stack.js';
import { Tail } from '../output/tail.js';
import type { Remedies } from '../remedies/remedies.js';
import type { Inspector } from '../stacks/inspector.js';
import {
  deathError,
  takesNoCalls,
  wentOnRunning,
  type DeathFacts,
  type WorkerExit,
  type WorkerIdentity,
} from './exit.js';
import { isEnding } from './is-ending.js';
import type { ProcessWorkerObserver } from './parts.js';
import { startFailed, startRefused } from './start-error.js';
import { StateTimer } from './state-timer.js';
import type { WorkerState } from './worker-state.js';

/**
 * How long channels and output are read on after the exit. A child that left the group, or that the kernel is slow to end, may hold
 * them open.
 */
const READ_TO_END_MS = 1_000;

/** How long a process may take to exit whose channels have ended. */
const OWN_EXIT_MS = 1_000;

/** How long a process may take to stop that nobody asked to, once it has answered the calls that it was left with. */
const STOP_MS = 10_000;

/** How long a killed process may take to be reaped before it is reported and let go: in a system call that cannot be interrupted. */
const REAP_MS = 10_000;

/** The worker around its end. */
export interface WorkerEndParts {
  readonly process: LaunchedWorker;
  readonly calls: CallRunner;
  readonly remedies: Remedies | undefined;
  readonly observer: Pick<ProcessWorkerObserver, 'onUnavailable' | 'onExit'>;
  readonly identity: () => WorkerIdentity;
  /** Where it stands: whoever runs calls looks at that with each of them, so it is kept there. */
  readonly state: () => WorkerState;
  readonly move: (to: WorkerState) => void;
  /** Ended before its calls are judged: whoever waits for stacks has none to wait for. */
  readonly inspector: Pick<Inspector, 'end'>;
  /** It is dead: what whoever still waits for its start is told, before its exit is. */
  readonly onNotStarted: (error: PypoolError) => void;
}

/**
 * How one worker ends: as it was asked to, by its own doing, or killed. Whatever begins it, its process group is killed and its process reaped,
 * what it still said is read, and then its calls are judged and everybody is told.
 *
 * Outcomes are judged in one place, {@link WorkerEnd.#bury}, when the process has been reaped and its replies have been read to
 * their end; nothing else answers a call with an error of the worker.
 */
export class WorkerEnd {
  /** Resolves when it is reaped and every call of it is answered; never rejects. */
  readonly exited: Promise<WorkerExit>;
  readonly #parts: WorkerEndParts;
  readonly #stderr = new Tail();
  readonly #fatalStack = new FatalStack();
  readonly #timer = new StateTimer();
  #startError: PypoolError | undefined;
  /** We ended it; it did not end by itself. */
  #killed = false;
  /** We asked it to end, for the sake of a call. */
  #terminated = false;
  /** It takes no more calls for the sake of one that it has. */
  #yielded = false;
  /** All that its kernel accepted for replies has been read: what has no answer now, has none. */
  #repliesExact = false;
  #closeAt = Infinity;
  #settleExit!: (exit: WorkerExit) => void;

  constructor(parts: WorkerEndParts) {
    this.#parts = parts;
    this.exited = new Promise((resolve) => (this.#settleExit = resolve));
  }

  /** Its last lines on stderr. */
  get stderr(): string[] {
    return [...this.#stderr.lines];
  }

  /** A line that it wrote to stderr: the last ones tell how it ended. */
  onStderr(line: string): void {
    this.#stderr.push(line);
    this.#fatalStack.push(line);
  }

  /** Signal its process group, for the sake of a call. */
  signal(signal: 'SIGINT' | 'SIGTERM'): void {
    if (signal === 'SIGTERM') this.#terminated = true;
    this.#parts.process.signal(signal);
  }

  /** Finish what runs, then stop, killing after `timeoutMs`. Idempotent; the shortest time given holds. */
  close(timeoutMs: number): void {
    const { name } = this.#parts.state();
    if (name === 'handshaking' || name === 'importing') return this.kill();
    if (name === 'ready') this.#takeNoMore();
    const closeAt = performance.now() + timeoutMs;
    if (this.#parts.state().name === 'closing' && closeAt < this.#closeAt) {
      this.#closeAt = closeAt;
      this.#timer.start(timeoutMs, () => this.kill());
    }
  }

  /** Kill the process group. The first reason holds. */
  kill(reason?: PypoolError): void {
    this.#die({ reason, decided: true });
  }

  /** One of its calls may be ended only with all others: these may finish, and nobody else comes in. */
  yield(): void {
    if (this.#parts.state().name !== 'ready') return;
    this.#yielded = true;
    this.#takeNoMore();
    this.#becomeUnavailable(undefined);
  }

  /** It was closed by nobody, so nobody bounds its stop. */
  stopYielded(): void {
    if (this.#yielded) this.close(STOP_MS);
  }

  /** It said that it cannot start. */
  onStartFailed(error: PypoolError): void {
    const { identity, remedies } = this.#parts;
    this.#startError ??= startRefused(identity(), error, remedies?.onRaised(error) ?? '');
    this.#awaitExit('said that it cannot start');
  }

  /** A channel ended. Of a worker that was asked to stop that is expected; any other is ending, or has to. */
  onChannelEnd(channel: 'replies' | 'control', error: PypoolError | undefined, isCutOff: boolean): void {
    if (channel === 'replies') {
      // What looks like the beginning of a frame may be garbage, and what it took for its rest the answers of calls behind.
      this.#repliesExact = error === undefined && !isCutOff && this.#parts.process.connection.exactEnd;
    }
    if (error !== undefined) {
      const broken = error.code === 'protocol' || error.code === 'frame-too-large';
      return this.#die({ reason: error, decided: broken });
    }
    this.#awaitExit(`closed its ${channel} channel`);
  }

  /** Its process is reaped. @param read - when all that it said has been read */
  onExit(exit: ProcessExit, read: Promise<void>): void {
    const { name } = this.#parts.state();
    if (name === 'dead') return;
    const asked = name === 'closing' && exit.exitCode === 0;
    this.#die({ decided: this.#terminated });
    // Once more, for what it started in its last moment.
    this.#parts.process.signal('SIGKILL');
    const bury = (): void => this.#bury(exit, asked);
    this.#timer.start(READ_TO_END_MS, bury);
    void read.then(bury);
  }

  /** The end of requests is the runtime's sign to finish what it has, run its stop hooks and exit. */
  #takeNoMore(): void {
    this.#parts.move({ name: 'closing' });
    this.#parts.process.connection.requests.end();
  }

  /** It is about to exit by itself, which tells more than a kill would: it has a moment for that. */
  #awaitExit(what: string): void {
    const { calls, identity, move, process, state } = this.#parts;
    const { name } = state();
    calls.revokeNoMore();
    if (name === 'closing') this.stopYielded();
    if (name !== 'handshaking' && name !== 'importing' && name !== 'ready') return;
    move({ name: 'ending' });
    const end = (): void => this.kill(wentOnRunning(identity(), what));
    this.#timer.start(OWN_EXIT_MS, () => {
      // On a busy machine, who reaps it may not have come to that: its exit tells more.
      const isHere = process.signalAlone !== undefined;
      if (isHere && isEnding(identity().pid)) this.#timer.start(REAP_MS, end);
      else end();
    });
    if (name === 'ready') this.#becomeUnavailable(undefined);
  }

  #die({ reason, decided }: Ending): void {
    const { calls, move, process, state } = this.#parts;
    const { name } = state();
    if (name === 'dying' || name === 'dead') return;
    move({ name: 'dying', reason });
    this.#killed = decided;
    calls.revokeNoMore();
    // Before a call is answered, which that may do: whoever hears of it has the next call ready.
    if (name === 'ready') this.#becomeUnavailable(reason);
    calls.stop();
    process.signal('SIGKILL');
    this.#timer.start(REAP_MS, () => this.#bury(undefined));
  }

  /** Where it is ended for the sake of a call, that is why, whatever breaks first; the other calls of it are not told so. */
  #becomeUnavailable(reason: PypoolError | undefined): void {
    const { calls, identity, observer, state } = this.#parts;
    observer.onUnavailable(calls.endedFor ?? reason ?? takesNoCalls(identity(), state().name));
  }

  /** Judge what became of its calls, tell everybody, and let go of it. */
  #bury(exit: ProcessExit | undefined, asked = false): void {
    const { calls, identity, move, inspector, observer, onNotStarted, process, state } = this.#parts;
    const before = state();
    if (before.name !== 'dying') return;
    this.#timer.stop();
    move({ name: 'dead' });
    inspector.end();
    const facts: DeathFacts = {
      ...identity(),
      exit,
      stderr: this.stderr,
      pythonStack: this.#fatalStack.frames,
      reason: before.reason,
    };
    // Where replies could not be read to their end, an answer of any call may be among what was lost.
    calls.answerAll((name, ran, culprit) =>
      deathError(facts, ran || !this.#repliesExact ? 'unknown' : 'not-started', name, culprit),
    );
    for (const part of [process.connection, process.stdout, process.stderr]) part.destroy();
    onNotStarted(this.#startError ?? startFailed(facts, this.#remedyOnSilence(facts)));
    const end: WorkerExit = {
      reason: asked ? 'closed' : this.#killed ? 'killed' : 'died',
      exitCode: exit?.exitCode,
      signal: exit?.signal,
      rusage: exit?.rusage,
      error: asked ? undefined : deathError(facts, 'unknown', undefined),
    };
    observer.onExit(end);
    this.#settleExit(end);
  }

  #remedyOnSilence({ pythonVersion, stderr }: DeathFacts): string {
    return (pythonVersion === undefined && this.#parts.remedies?.onSilence(stderr)) || '';
  }
}

interface Ending {
  readonly reason?: PypoolError | undefined;
  /** We end it; otherwise it is ending by itself, and the kill is for what it leaves behind. */
  readonly decided: boolean;
}
