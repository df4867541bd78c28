import {
  encodeMessage,
  FrameType,
  type ExposedFunction,
  type Frame,
  type FunctionFacts,
  type OutgoingCall,
  type PypoolError,
  type SharedMemoryUse,
  type WorkerDump,
} from '@pypool/protocol';
import { CallRunner } from '../calls/call-runner.js';
import { asPypoolError } from '../calls/errors.js';
import { keepAliveDuring } from '../launcher/keep-alive.js';
import type { PythonWorker } from '../python-worker.js';
import { dumpWorker } from '../stacks/dump-worker.js';
import { Inspector } from '../stacks/inspector.js';
import { takesNoCalls, type WorkerExit, type WorkerIdentity } from './exit.js';
import { answerHello } from './handshake.js';
import { isStopped } from './is-stopped.js';
import { tellsMemory, treeMemoryBytes } from './memory.js';
import type { ProcessWorkerObserver, ProcessWorkerParts } from './parts.js';
import { factsOf } from './function-facts.js';
import { receiveControl, type ControlReader } from './receive-control.js';
import { readToEnd } from './read-to-end.js';
import type { StartProgress } from './start-timeout.js';
import { WorkerEnd } from './worker-end.js';
import { moveTo, type WorkerState } from './worker-state.js';

/** One Python process with its connection: the handshake, and the calls. How it ends is its {@link WorkerEnd}'s. */
export class ProcessWorker implements PythonWorker {
  readonly id: string;
  readonly pid: number;
  readonly concurrency: number;
  readonly memoryBytes?: () => Promise<number>;
  readonly sharedMemory?: () => SharedMemoryUse;
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
  readonly #end: WorkerEnd;
  #state: WorkerState = { name: 'handshaking' };
  #capabilities: readonly string[] = [];
  #settleStart!: { resolve: () => void; reject: (error: PypoolError) => void };

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
    if (process.sharedMemory !== undefined) this.sharedMemory = process.sharedMemory;
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
      signal: (signal) => this.#end.signal(signal),
      onYield: () => this.#end.yield(),
      onVacated: () => this.#end.stopYielded(),
      onMustEnd: () => this.#end.kill(),
      onWorn: () => this.#observer.onWorn(),
    });
    this.started = new Promise((resolve, reject) => (this.#settleStart = { resolve, reject }));
    this.started.catch(() => undefined); // whoever started it awaits it; a death before that is not unhandled
    this.#end = new WorkerEnd({
      process,
      calls: this.#calls,
      remedies: parts.remedies,
      observer: parts.observer,
      identity: () => this.#identity,
      state: () => this.#state,
      move: (to) => this.#move(to),
      inspector: this.#inspector,
      onNotStarted: (error) => this.#settleStart.reject(error),
    });
    this.exited = this.#end.exited;
    this.#reader = {
      onHello: (frame) => this.#welcome(frame),
      onReady: (functions) => this.#becomeReady(functions),
      onStartFailed: (error) => this.#end.onStartFailed(error),
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
        if (stream === 'stderr') this.#end.onStderr(own.line);
        this.#observer.onOutput(stream, own);
      },
      onChannelEnd: (channel, error, isCutOff) => this.#end.onChannelEnd(channel, error, isCutOff),
    });
    void process.exited.then((exit) => this.#end.onExit(exit, read));
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
    this.#end.close(timeoutMs);
    return this.exited;
  }

  kill(reason?: PypoolError): Promise<WorkerExit> {
    this.#end.kill(reason);
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
      receiveControl(frame, this.id, this.#state.name, this.#reader);
    } catch (error) {
      this.#onThrown(error);
    }
  };

  /** What a frame made throw ends the connection, and the worker with it: malformed by the rules of the wire, or a bug of ours. */
  #onThrown(error: unknown): void {
    this.#end.kill(asPypoolError(error, undefined));
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

  /** How far its start has come. */
  get progress(): StartProgress {
    return { ...this.#identity, stderr: this.#end.stderr };
  }

  get #identity(): WorkerIdentity {
    const { id: workerId, pid, pythonVersion } = this;
    return { workerId, pid, pythonVersion, interpreter: this.#parts.interpreter };
  }
}
