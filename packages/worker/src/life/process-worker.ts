import {
  encodeMessage,
  FrameType,
  type ExposedFunction,
  type Frame,
  type FunctionFacts,
  type OutgoingCall,
  type PypoolError,
  type WorkerDump,
} from '@pypool/protocol';
import { CallRunner } from '../calls/call-runner.js';
import { asPypoolError } from '../calls/errors.js';
import type { ProcessExit } from '../launcher/contract.js';
import { keepAliveDuring } from '../launcher/keep-alive.js';
import { FatalStack } from '../output/fatal-stack.js';
import { Tail } from '../output/tail.js';
import type { PythonWorker } from '../python-worker.js';
import { dumpWorker } from '../stacks/dump-worker.js';
import { Inspector } from '../stacks/inspector.js';
import {
  deathError,
  takesNoCalls,
  wentOnRunning,
  type DeathFacts,
  type WorkerExit,
  type WorkerIdentity,
} from './exit.js';
import { answerHello } from './handshake.js';
import { isEnding } from './is-ending.js';
import { isStopped } from './is-stopped.js';
import { tellsMemory, treeMemoryBytes } from './memory.js';
import type { ProcessWorkerObserver, ProcessWorkerParts } from './parts.js';
import { factsOf } from './function-facts.js';
import { receiveControl, type ControlReader } from './receive-control.js';
import { readToEnd } from './read-to-end.js';
import { startFailed, startRefused } from './start-error.js';
import type { StartProgress } from './start-timeout.js';
import { StateTimer } from './state-timer.js';
import { moveTo, type WorkerState } from './worker-state.js';

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
  readonly memoryBytes?: () => Promise<number>;
  revoke?: (calls: Iterable<OutgoingCall>) => void;
  /** Resolves when it takes calls; rejects with `start-failed` when it is dead instead. */
  readonly started: Promise<void>;
  /** Resolves when it is reaped and every call of it is answered; never rejects. */
  readonly exited: Promise<WorkerExit>;
  functions: readonly ExposedFunction[] = [];
  functionFacts: ReadonlyMap<string, FunctionFacts> = new Map();
  pythonVersion: string | undefined;

  readonly #parts: ProcessWorkerParts;
  readonly #observer: ProcessWorkerObserver;
  readonly #calls: CallRunner;
  readonly #reader: ControlReader;
  readonly #inspector: Inspector;
  readonly #stderr = new Tail();
  readonly #fatalStack = new FatalStack();
  readonly #timer = new StateTimer();
  #state: WorkerState = { name: 'handshaking' };
  #capabilities: readonly string[] = [];
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
  #settleStart!: { resolve: () => void; reject: (error: PypoolError) => void };
  #settleExit!: (exit: WorkerExit) => void;

  constructor(parts: ProcessWorkerParts) {
    const { process, welcome, codec } = parts;
    this.#parts = parts;
    this.#observer = parts.observer;
    this.id = welcome.workerId;
    this.pid = process.pid;
    this.concurrency = welcome.concurrency;
    // On another machine its number is some other process's here.
    if (process.signalAlone !== undefined && tellsMemory())
      this.memoryBytes = () => treeMemoryBytes(this.pid);
    this.#inspector = new Inspector(
      process.connection.control,
      process.signalAlone === undefined ? undefined : (signal) => process.signalAlone?.(signal),
    );
    this.#calls = new CallRunner({
      workerId: this.id,
      pid: this.pid,
      concurrency: this.concurrency,
      codec,
      remedies: parts.remedies,
      connection: process.connection,
      inspector: this.#inspector,
      graces: parts.cancelGraces,
      maxInterrupts: parts.maxInterrupts,
      engine: welcome.engine,
      signal: (signal) => {
        if (signal === 'SIGTERM') this.#terminated = true;
        process.signal(signal);
      },
      onYield: () => this.#yield(),
      onVacated: () => this.#stopYielded(),
      onMustEnd: () => this.#die({ decided: true }),
      onWorn: () => this.#observer.onWorn(),
    });
    this.started = new Promise((resolve, reject) => (this.#settleStart = { resolve, reject }));
    this.started.catch(() => undefined); // whoever started it awaits it; a death before that is not unhandled
    this.exited = new Promise((resolve) => (this.#settleExit = resolve));
    this.#reader = {
      onHello: (frame) => this.#welcome(frame),
      onReady: (functions) => this.#becomeReady(functions),
      onStartFailed: (error) => this.#failStart(error),
      onPong: (pong) => this.#observer.onPong(pong),
      onDumped: (dumped) => this.#inspector.onDumped(dumped),
      onRevoked: (revoked) => this.#calls.onRevoked(revoked),
      onPull: (callId, pull) => this.#calls.onPull(callId, pull),
      onLog: (record) => this.#observer.onLog(record),
      onEvent: (event) => this.#observer.onEvent(event),
    };
    const reading = { maxLineBytes: parts.maxLineBytes, token: welcome.outputToken };
    const read = readToEnd(process, reading, {
      onReply: this.#onReply,
      onControl: this.#onControl,
      onLine: (stream, line) => {
        const own = stream === 'stderr' ? this.#inspector.sift(line) : line;
        if (own === undefined) return; // written for us
        if (stream === 'stderr') {
          this.#stderr.push(own.line);
          this.#fatalStack.push(own.line);
        }
        this.#observer.onOutput(stream, own);
      },
      onChannelEnd: (channel, error, isCutOff) => this.#onChannelEnd(channel, error, isCutOff),
    });
    void process.exited.then((exit) => this.#onExit(exit, read));
  }

  get facts(): Readonly<Record<string, unknown>> {
    return { pid: this.pid, python: this.pythonVersion, engine: this.#parts.welcome.engine };
  }

  get state(): WorkerState['name'] {
    return this.#state.name;
  }

  run(call: OutgoingCall): void {
    if (this.#state.name === 'ready') this.#calls.run(call);
    else call.onError(takesNoCalls(this.#identity, this.#state.name));
  }

  cancel(call: OutgoingCall, error: PypoolError): void {
    this.#calls.cancel(call, error);
  }

  leave(call: OutgoingCall): void {
    this.#calls.leave(call);
  }

  grant(call: OutgoingCall, items: number, bytes = 0): void {
    this.#calls.grant(call, items, bytes);
  }

  /** Memory of its caller's for the result of a call, as long as it may be written to. */
  intoOf(callId: number): ArrayBufferView | undefined {
    return this.#calls.intoOf(callId);
  }

  /** Ask whether the control thread is there. */
  ping(n: number): void {
    this.#parts.process.connection.control.send(encodeMessage(FrameType.PING, { n }));
  }

  /** Whether it has no calls, and may be given some. */
  get idle(): boolean {
    return this.#state.name === 'ready' && this.#calls.size === 0;
  }

  /** Whether its process is stopped: false where that cannot be known. */
  get stopped(): boolean {
    return this.#isHere && isStopped(this.pid);
  }

  /** Whether its process is one of this machine. */
  get #isHere(): boolean {
    return this.#parts.process.signalAlone !== undefined;
  }

  dump(): Promise<WorkerDump> {
    const dump = dumpWorker({
      identity: this.#identity,
      inspector: this.#inspector,
      calls: () => this.#calls.running,
      isStopped: () => this.stopped,
    });
    return keepAliveDuring(dump);
  }

  /** Finish what runs, then stop, killing after `timeoutMs`. Idempotent; the shortest time given holds. */
  close({ timeoutMs }: { readonly timeoutMs: number }): Promise<WorkerExit> {
    if (this.#state.name === 'handshaking' || this.#state.name === 'importing') return this.kill();
    if (this.#state.name === 'ready') this.#takeNoMore();
    const closeAt = performance.now() + timeoutMs;
    if (this.#state.name === 'closing' && closeAt < this.#closeAt) {
      this.#closeAt = closeAt;
      this.#timer.start(timeoutMs, () => this.#die({ decided: true }));
    }
    return this.exited;
  }

  kill(reason?: PypoolError): Promise<WorkerExit> {
    this.#die({ reason, decided: true });
    return this.exited;
  }

  /** The end of requests is the runtime's sign to finish what it has, run its stop hooks and exit. */
  #takeNoMore(): void {
    this.#move({ name: 'closing' });
    this.#parts.process.connection.requests.end();
  }

  /** One of its calls may be ended only with all others: these may finish, and nobody else comes in. */
  #yield(): void {
    if (this.#state.name !== 'ready') return;
    this.#yielded = true;
    this.#takeNoMore();
    this.#becomeUnavailable(undefined);
  }

  /** It was closed by nobody, so nobody bounds its stop. */
  #stopYielded(): void {
    if (this.#yielded) void this.close({ timeoutMs: STOP_MS });
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
      receiveControl(frame, this.id, this.#state.name, this.#reader);
    } catch (error) {
      this.#onThrown(error);
    }
  };

  /** What a frame made throw ends the connection, and the worker with it: malformed by the rules of the wire, or a bug of ours. */
  #onThrown(error: unknown): void {
    this.#die({ reason: asPypoolError(error, undefined), decided: true });
    // Nothing behind that frame counts any more.
    this.#parts.process.connection.destroy();
  }

  #welcome(frame: Frame): void {
    const { welcome: facts, process } = this.#parts;
    const { welcome, python, capabilities } = answerHello(frame, facts);
    this.pythonVersion = python;
    this.#capabilities = capabilities;
    this.#inspector.describe(capabilities);
    this.#move({ name: 'importing' });
    process.connection.limit(facts.limits);
    process.connection.control.send(welcome);
  }

  #becomeReady(functions: readonly ExposedFunction[]): void {
    this.functions = functions;
    this.functionFacts = factsOf(functions);
    this.#calls.describe(functions, this.#capabilities);
    if (this.#capabilities.includes('revoke')) this.revoke = (calls) => this.#calls.revoke(calls);
    this.#move({ name: 'ready' });
    this.#settleStart.resolve();
  }

  #failStart(error: PypoolError): void {
    this.#startError ??= startRefused(this.#identity, error, this.#parts.remedies?.onRaised(error) ?? '');
    this.#awaitExit('said that it cannot start');
  }

  /** A channel ended. Of a worker that was asked to stop that is expected; any other is ending, or has to. */
  #onChannelEnd(channel: 'replies' | 'control', error: PypoolError | undefined, isCutOff: boolean): void {
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

  /** It is about to exit by itself, which tells more than a kill would: it has a moment for that. */
  #awaitExit(what: string): void {
    const { name } = this.#state;
    this.#calls.revokeNoMore();
    if (name === 'closing') this.#stopYielded();
    if (name !== 'handshaking' && name !== 'importing' && name !== 'ready') return;
    this.#move({ name: 'ending' });
    const end = (): void => this.#die({ reason: wentOnRunning(this.#identity, what), decided: true });
    this.#timer.start(OWN_EXIT_MS, () => {
      // On a busy machine, who reaps it may not have come to that: its exit tells more.
      if (this.#isHere && isEnding(this.pid)) this.#timer.start(REAP_MS, end);
      else end();
    });
    if (name === 'ready') this.#becomeUnavailable(undefined);
  }

  /** Kill the process group. The first reason holds. */
  #die({ reason, decided }: Ending): void {
    const { name } = this.#state;
    if (name === 'dying' || name === 'dead') return;
    this.#move({ name: 'dying', reason });
    this.#killed = decided;
    this.#calls.revokeNoMore();
    // Before a call is answered, which that may do: whoever hears of it has the next call ready.
    if (name === 'ready') this.#becomeUnavailable(reason);
    this.#calls.stop();
    this.#parts.process.signal('SIGKILL');
    this.#timer.start(REAP_MS, () => this.#bury(undefined));
  }

  /** Where it is ended for the sake of a call, that is why, whatever breaks first; the other calls of it are not told so. */
  #becomeUnavailable(reason: PypoolError | undefined): void {
    const error = this.#calls.endedFor ?? reason ?? takesNoCalls(this.#identity, this.#state.name);
    this.#observer.onUnavailable(error);
  }

  #onExit(exit: ProcessExit, read: Promise<void>): void {
    if (this.#state.name === 'dead') return;
    const asked = this.#state.name === 'closing' && exit.exitCode === 0;
    this.#die({ decided: this.#terminated });
    // Once more, for what it started in its last moment.
    this.#parts.process.signal('SIGKILL');
    const bury = (): void => this.#bury(exit, asked);
    this.#timer.start(READ_TO_END_MS, bury);
    void read.then(bury);
  }

  /** Judge what became of its calls, tell everybody, and let go of it. */
  #bury(exit: ProcessExit | undefined, asked = false): void {
    if (this.#state.name !== 'dying') return;
    const { reason } = this.#state;
    this.#timer.stop();
    this.#move({ name: 'dead' });
    this.#inspector.end();
    const facts: DeathFacts = {
      ...this.#identity,
      exit,
      stderr: [...this.#stderr.lines],
      pythonStack: this.#fatalStack.frames,
      reason,
    };
    // Where replies could not be read to their end, an answer of any call may be among what was lost.
    this.#calls.answerAll((name, ran, culprit) =>
      deathError(facts, ran || !this.#repliesExact ? 'unknown' : 'not-started', name, culprit),
    );
    const { connection, stdout, stderr } = this.#parts.process;
    for (const part of [connection, stdout, stderr]) part.destroy();
    this.#settleStart.reject(this.#startError ?? startFailed(facts, this.#remedyOnSilence(facts)));
    const end: WorkerExit = {
      reason: asked ? 'closed' : this.#killed ? 'killed' : 'died',
      exitCode: exit?.exitCode,
      signal: exit?.signal,
      rusage: exit?.rusage,
      error: asked ? undefined : deathError(facts, 'unknown', undefined),
    };
    this.#observer.onExit(end);
    this.#settleExit(end);
  }

  #remedyOnSilence({ pythonVersion, stderr }: DeathFacts): string {
    return (pythonVersion === undefined && this.#parts.remedies?.onSilence(stderr)) || '';
  }

  /** How far its start has come. */
  get progress(): StartProgress {
    return { ...this.#identity, stderr: [...this.#stderr.lines] };
  }

  get #identity(): WorkerIdentity {
    const { id: workerId, pid, pythonVersion } = this;
    return { workerId, pid, pythonVersion, interpreter: this.#parts.interpreter };
  }
}

interface Ending {
  readonly reason?: PypoolError | undefined;
  /** We end it; otherwise it is ending by itself, and the kill is for what it leaves behind. */
  readonly decided: boolean;
}
