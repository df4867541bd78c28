import {
  createError,
  encodeMessage,
  FrameType,
  parseError,
  parseEvent,
  parseLog,
  parsePong,
  parseReady,
  type ExposedFunction,
  type Frame,
  type OutgoingCall,
  type PypoolError,
  type ValueCodec,
} from '@pypool/protocol';
import { CallRunner } from '../calls/call-runner.js';
import { asPypoolError, protocolViolation } from '../calls/errors.js';
import type { LaunchedWorker, ProcessExit } from '../launcher/contract.js';
import { Tail } from '../output/tail.js';
import type { PythonWorker } from '../python-worker.js';
import { deathError, type DeathFacts, type WorkerExit } from './exit.js';
import { answerHello, type WelcomeFacts } from './handshake.js';
import type { ProcessWorkerObserver } from './observer.js';
import { readToEnd } from './read-to-end.js';
import { startFailed, startRefused } from './start-error.js';
import { moveTo, type WorkerState } from './worker-state.js';

/** What a worker is made of. */
export interface ProcessWorkerParts {
  readonly process: LaunchedWorker;
  /** What to answer a HELLO with; the negotiated version is filled in. */
  readonly welcome: WelcomeFacts;
  readonly codec: ValueCodec;
  readonly observer: ProcessWorkerObserver;
  readonly maxLineBytes: number;
}

/**
 * How long channels and output are read on after the exit. A child that left the group, or that the kernel is slow to end, may hold
 * them open.
 */
const READ_TO_END_MS = 1_000;

/** How long a killed process may take to be reaped before it is reported and let go: in a system call that cannot be interrupted. */
const REAP_MS = 10_000;

/** The farthest that a timer of Node reaches. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * One Python process with its connection: the handshake, the calls, the end.
 *
 * Outcomes are judged in one place, {@link ProcessWorker.#bury}, when the process has been reaped and its replies have been read to
 * their end; nothing else answers a call with an error of the worker.
 */
export class ProcessWorker implements PythonWorker {
  readonly id: string;
  readonly pid: number;
  readonly concurrency: number;
  /** Resolves when it takes calls; rejects with `start-failed` when it is dead instead. */
  readonly started: Promise<void>;
  /** Resolves when it is reaped and every call of it is answered; never rejects. */
  readonly exited: Promise<WorkerExit>;
  functions: readonly ExposedFunction[] = [];
  pythonVersion: string | undefined;

  readonly #parts: ProcessWorkerParts;
  readonly #observer: ProcessWorkerObserver;
  readonly #calls: CallRunner;
  readonly #stderr = new Tail();
  #state: WorkerState = { name: 'handshaking' };
  #startError: PypoolError | undefined;
  /** We ended it; it did not end by itself. */
  #killed = false;
  /** All that its kernel accepted for replies has been read: what has no answer now, has none. */
  #repliesExact = false;
  #closeAt = Infinity;
  #closeTimer: NodeJS.Timeout | undefined;
  #reapTimer: NodeJS.Timeout | undefined;
  #settleStart!: { resolve: () => void; reject: (error: PypoolError) => void };
  #settleExit!: (exit: WorkerExit) => void;

  constructor(parts: ProcessWorkerParts) {
    const { process, welcome, codec } = parts;
    this.#parts = parts;
    this.#observer = parts.observer;
    this.id = welcome.workerId;
    this.pid = process.pid;
    this.concurrency = welcome.concurrency;
    this.#calls = new CallRunner({
      workerId: this.id,
      pid: this.pid,
      concurrency: this.concurrency,
      codec,
      connection: process.connection,
      onMustEnd: () => this.#die({ decided: true }),
    });
    this.started = new Promise((resolve, reject) => (this.#settleStart = { resolve, reject }));
    this.started.catch(() => undefined); // whoever started it awaits it; a death before that is not unhandled
    this.exited = new Promise((resolve) => (this.#settleExit = resolve));
    const read = readToEnd(process, parts.maxLineBytes, {
      onReply: this.#onReply,
      onControl: this.#onControl,
      onLine: (stream, line) => {
        if (stream === 'stderr') this.#stderr.push(line.line);
        this.#observer.onOutput(stream, line);
      },
      onChannelEnd: (channel, error) => this.#onChannelEnd(channel, error),
    });
    void process.exited.then((exit) => this.#onExit(exit, read));
  }

  get facts(): Readonly<Record<string, unknown>> {
    return { pid: this.pid, python: this.pythonVersion };
  }

  get state(): WorkerState['name'] {
    return this.#state.name;
  }

  run(call: OutgoingCall): void {
    if (this.#state.name === 'ready') this.#calls.run(call);
    else call.onError(this.#takesNone());
  }

  cancel(call: OutgoingCall, error: PypoolError): void {
    this.#calls.cancel(call, error);
  }

  leave(call: OutgoingCall): void {
    this.#calls.leave(call);
  }

  grant(call: OutgoingCall, items: number): void {
    this.#calls.grant(call, items);
  }

  /** Ask whether the control thread is there. */
  ping(n: number): void {
    this.#sendControl(encodeMessage(FrameType.PING, { n }));
  }

  /** Finish what runs, then stop, killing after `timeoutMs`. Idempotent; the shortest time given holds. */
  close({ timeoutMs }: { readonly timeoutMs: number }): Promise<WorkerExit> {
    if (this.#state.name === 'handshaking' || this.#state.name === 'importing') return this.kill();
    if (this.#state.name === 'ready') {
      this.#move({ name: 'closing' });
      // The end of requests is the runtime's sign to run its stop hooks and exit.
      this.#parts.process.connection.requests.end();
    }
    const closeAt = performance.now() + timeoutMs;
    if (this.#state.name === 'closing' && closeAt < this.#closeAt) {
      this.#closeAt = closeAt;
      clearTimeout(this.#closeTimer);
      const kill = (): void => this.#die({ decided: true });
      this.#closeTimer = setTimeout(kill, Math.min(timeoutMs, LONGEST_TIMER_MS));
    }
    return this.exited;
  }

  kill(reason?: PypoolError): Promise<WorkerExit> {
    this.#die({ reason, decided: true });
    return this.exited;
  }

  #move(to: WorkerState): void {
    this.#state = moveTo(this.#state, to);
  }

  readonly #onReply = (frame: Frame): void => {
    try {
      this.#calls.onReply(frame);
    } catch (error) {
      this.#onThrown(error);
    }
  };

  readonly #onControl = (frame: Frame): void => {
    try {
      this.#receive(frame);
    } catch (error) {
      this.#onThrown(error);
    }
  };

  /** What a frame made throw ends the worker: malformed by the rules of the wire, or a bug of ours. */
  #onThrown(error: unknown): void {
    this.#die({ reason: asPypoolError(error, undefined), decided: true });
  }

  #receive(frame: Frame): void {
    switch (frame.type) {
      case FrameType.HELLO:
        return this.#welcome(frame);
      case FrameType.READY:
        return this.#becomeReady(parseReady(frame).functions);
      case FrameType.START_FAILED: {
        const { pid, pythonVersion: python } = this;
        this.#startError = startRefused({ workerId: this.id, pid, python }, parseError(frame));
        return this.#die({ decided: true });
      }
      case FrameType.PONG:
        return this.#observer.onPong(parsePong(frame));
      case FrameType.LOG:
        return this.#observer.onLog(parseLog(frame));
      case FrameType.EVENT:
        return this.#observer.onEvent(parseEvent(frame));
      default:
        throw protocolViolation(this.id, `a control message of type ${frame.type} that was not asked for`);
    }
  }

  #welcome(frame: Frame): void {
    if (this.#state.name !== 'handshaking')
      throw protocolViolation(this.id, `HELLO while ${this.#state.name}`);
    const { welcome: facts, process } = this.#parts;
    const { welcome, python } = answerHello(frame, facts);
    this.pythonVersion = python;
    this.#move({ name: 'importing' });
    process.connection.limit(facts.limits);
    this.#sendControl(welcome);
  }

  #becomeReady(functions: readonly ExposedFunction[]): void {
    if (this.#state.name !== 'importing') throw protocolViolation(this.id, `READY while ${this.#state.name}`);
    this.functions = functions;
    this.#calls.describe(functions);
    this.#move({ name: 'ready' });
    this.#settleStart.resolve();
  }

  #sendControl(frame: Frame): void {
    this.#parts.process.connection.control.send(frame);
  }

  /** A channel ended. Of a worker that was asked to stop that is expected; any other is dying, or has to. */
  #onChannelEnd(channel: 'replies' | 'control', error: PypoolError | undefined): void {
    // An end without an error, or inside a frame, is the process's own: its exit tells more than could be said here.
    const reason = error === undefined || isCutOff(error) ? undefined : error;
    if (channel === 'replies') {
      this.#repliesExact = reason === undefined && this.#parts.process.connection.exactEnd;
    }
    if (this.#state.name === 'closing' && reason === undefined) return;
    this.#die({ reason, decided: reason?.code === 'protocol' || reason?.code === 'frame-too-large' });
  }

  /**
   * Kill the process group. The first reason holds.
   *
   * @param decided - we end it; otherwise it is ending by itself, and the kill is for what it leaves behind.
   */
  #die({ reason, decided }: { readonly reason?: PypoolError | undefined; readonly decided: boolean }): void {
    if (this.#state.name === 'dying' || this.#state.name === 'dead') return;
    const wasReady = this.#state.name === 'ready';
    this.#move({ name: 'dying', reason });
    this.#killed = decided;
    this.#calls.stop();
    clearTimeout(this.#closeTimer);
    this.#parts.process.signal('SIGKILL');
    // Not unref'd: whoever waits for this worker is told before Node ends.
    this.#reapTimer = setTimeout(() => this.#bury(undefined), REAP_MS);
    if (wasReady) this.#observer.onUnavailable(reason ?? this.#takesNone());
  }

  #onExit(exit: ProcessExit, read: Promise<void>): void {
    if (this.#state.name === 'dead') return;
    const asked = this.#state.name === 'closing' && exit.exitCode === 0;
    this.#die({ decided: false });
    // Once more, for what it started in its last moment.
    this.#parts.process.signal('SIGKILL');
    clearTimeout(this.#reapTimer);
    const bury = (): void => this.#bury(exit, asked);
    this.#reapTimer = setTimeout(bury, READ_TO_END_MS);
    void read.then(bury);
  }

  /** Judge what became of its calls, tell everybody, and let go of it. */
  #bury(exit: ProcessExit | undefined, asked = false): void {
    if (this.#state.name !== 'dying') return;
    const { reason } = this.#state;
    clearTimeout(this.#reapTimer);
    this.#move({ name: 'dead' });
    const { id: workerId, pid } = this;
    const facts: DeathFacts = { workerId, pid, exit, stderr: [...this.#stderr.lines], reason };
    // Where replies could not be read to their end, an answer of any call may be among what was lost.
    this.#calls.answerAll((name, ran) =>
      deathError(facts, ran || !this.#repliesExact ? 'unknown' : 'not-started', name),
    );
    const { process } = this.#parts;
    process.connection.destroy();
    process.stdout.destroy();
    process.stderr.destroy();
    this.#settleStart.reject(this.#startError ?? startFailed(facts, this.pythonVersion));
    const end: WorkerExit = {
      reason: asked ? 'closed' : this.#killed ? 'killed' : 'died',
      exitCode: exit?.exitCode,
      signal: exit?.signal,
      error: asked ? undefined : deathError(facts, 'unknown', undefined),
    };
    this.#observer.onExit(end);
    this.#settleExit(end);
  }

  /** Said while its exit is still to come, to calls that never reached it. */
  #takesNone(): PypoolError {
    return createError({
      code: 'worker-exited',
      message: `Worker ${this.id} (pid ${this.pid}) takes no calls: it is ${this.#state.name}.`,
      context: { workerId: this.id, pid: this.pid, state: this.#state.name },
    });
  }
}

/** A channel that ended inside a frame was read to its end all the same: what was being written then was cut off by a death. */
function isCutOff(error: PypoolError): boolean {
  return error.context['truncated'] === true;
}
