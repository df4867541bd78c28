import {
  createError,
  encodeCallEnvelope,
  encodeMessage,
  FrameType,
  isPypoolError,
  parseError,
  parseEvent,
  parseHello,
  parseItems,
  parseLog,
  parsePong,
  parseReady,
  negotiate,
  PROTOCOL_VERSION,
  type ExposedFunction,
  type Frame,
  type LogRecord,
  type OutgoingCall,
  type Pong,
  type PypoolError,
  type RuntimeEvent,
  type ValueCodec,
  type Welcome,
} from '@pypool/protocol';
import { BudgetTimer } from '../calls/budget-timer.js';
import { CallTable, type OpenCall } from '../calls/call-table.js';
import type { LaunchedWorker, ProcessExit } from '../launcher/contract.js';
import { Tail } from '../output/tail.js';
import { readLines, type OutputLine } from '../output/line-reader.js';
import type { PythonWorker } from '../python-worker.js';
import { deathError, describeExit, lastWords, type DeathFacts, type WorkerExit } from './exit.js';
import { moveTo, type WorkerState } from './worker-state.js';

/** Whom a worker tells. None may throw. */
export interface ProcessWorkerObserver {
  /** It takes no more calls. Called at most once, before `onExit`. */
  onUnavailable(error: PypoolError): void;
  /** It is reaped and every call of it is answered. */
  onExit(exit: WorkerExit): void;
  onOutput(stream: 'stdout' | 'stderr', line: OutputLine): void;
  onLog(record: LogRecord): void;
  onEvent(event: RuntimeEvent): void;
  onPong(pong: Pong): void;
}

/** What a worker is made of. */
export interface ProcessWorkerParts {
  readonly process: LaunchedWorker;
  /** What to answer a HELLO with; the negotiated version is filled in. */
  readonly welcome: Omit<Welcome, 'protocol'>;
  readonly codec: ValueCodec;
  readonly observer: ProcessWorkerObserver;
  readonly maxLineBytes: number;
}

/** How long replies and output are read on after the exit. A child that a handler forked may hold them open although its group was killed. */
const READ_TO_END_MS = 1_000;

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
  /** Resolves when it takes calls; rejects with `start-failed` when it is dead instead. */
  readonly started: Promise<void>;
  /** Resolves when it is reaped and every call of it is answered; never rejects. */
  readonly exited: Promise<WorkerExit>;
  functions: readonly ExposedFunction[] = [];
  pythonVersion: string | undefined;

  readonly #parts: ProcessWorkerParts;
  readonly #codec: ValueCodec;
  readonly #observer: ProcessWorkerObserver;
  readonly #calls: CallTable;
  readonly #budgets = new BudgetTimer((now) => this.#checkBudgets(now));
  readonly #stderr = new Tail();
  /** Budgets that stand beside the functions in Python, in milliseconds. */
  readonly #ownBudgets = new Map<string, number>();
  #state: WorkerState = { name: 'handshaking' };
  #startError: PypoolError | undefined;
  #killed = false;
  #closeTimer: NodeJS.Timeout | undefined;
  #reapTimer: NodeJS.Timeout | undefined;
  #settleStart!: { resolve: () => void; reject: (error: PypoolError) => void };
  #settleExit!: (exit: WorkerExit) => void;
  #repliesEnded!: () => void;

  constructor(parts: ProcessWorkerParts) {
    const { process, welcome } = parts;
    this.#parts = parts;
    this.#codec = parts.codec;
    this.#observer = parts.observer;
    this.id = welcome.workerId;
    this.pid = process.pid;
    this.concurrency = welcome.concurrency;
    this.#calls = new CallTable(welcome.concurrency, (open) => this.#begin(open));
    this.started = new Promise((resolve, reject) => (this.#settleStart = { resolve, reject }));
    this.started.catch(() => undefined); // whoever started it awaits it; a death before that is not unhandled
    this.exited = new Promise((resolve) => (this.#settleExit = resolve));

    const repliesRead = new Promise<void>((resolve) => (this.#repliesEnded = resolve));
    const stdoutRead = readLines(process.stdout, parts.maxLineBytes, (line) =>
      this.#observer.onOutput('stdout', line),
    );
    const stderrRead = readLines(process.stderr, parts.maxLineBytes, (line) => {
      this.#stderr.push(line.line);
      this.#observer.onOutput('stderr', line);
    });
    process.connection.listen({
      replies: {
        onFrame: (frame) => this.#guard(() => this.#onReply(frame)),
        onEnd: (error) => this.#onRepliesEnd(error),
      },
      control: {
        onFrame: (frame) => this.#guard(() => this.#onControl(frame)),
        onEnd: (error) => this.#onBroken(error),
      },
    });
    void process.exited.then((exit) =>
      this.#onExit(exit, Promise.all([repliesRead, stdoutRead, stderrRead])),
    );
  }

  get facts(): Readonly<Record<string, unknown>> {
    return { pid: this.pid, python: this.pythonVersion };
  }

  get state(): WorkerState['name'] {
    return this.#state.name;
  }

  /** Begin a call. Never throws; answers through the call, exactly once. */
  run(call: OutgoingCall): void {
    if (this.#state.name !== 'ready') {
      call.onError(
        createError({
          code: 'worker-exited',
          message: `Worker ${this.id} takes no calls: it is ${this.#state.name}.`,
          context: { workerId: this.id, state: this.#state.name },
        }),
      );
      return;
    }
    const { meta, credit } = call;
    try {
      const { envelope, tagged, buffers } = encodeCallEnvelope(
        this.#codec,
        call.name,
        call.args,
        call.kind === 'stream' ? { ...meta, credit } : meta,
      );
      this.#parts.process.connection.requests.send({
        type: FrameType.CALL,
        tagged,
        callId: this.#calls.nextId,
        envelope,
        buffers,
      });
    } catch (error) {
      call.onError(asPypoolError(error, call.name));
      return;
    }
    this.#calls.add(call);
  }

  /** End a call. Until calls can be interrupted in Python, that means: end the process. */
  cancel(call: OutgoingCall, error: PypoolError): void {
    const open = this.#calls.find(call);
    if (open === undefined || open.endedBy !== undefined) return;
    open.endedBy = error;
    this.#die({ decided: true });
  }

  /** The consumer of a stream left: it ends between two items, and then answers. */
  leave(call: OutgoingCall): void {
    const open = this.#calls.find(call);
    if (open !== undefined) this.#sendControl(encodeMessage(FrameType.CANCEL, { mode: 'leave' }, open.id));
  }

  /** Allow a stream more items. */
  grant(call: OutgoingCall, items: number): void {
    const open = this.#calls.find(call);
    if (open === undefined) return;
    if (open.granted === open.items) open.lastItemAt = performance.now(); // it stood still for want of credit
    open.granted += items;
    this.#sendControl(encodeMessage(FrameType.CREDIT, { n: items }, open.id));
    this.#budgets.ask(this.#itemDueAt(open));
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
    if (this.#state.name === 'closing' && Number.isFinite(timeoutMs)) {
      clearTimeout(this.#closeTimer);
      this.#closeTimer = setTimeout(() => this.#die({ decided: true }), Math.min(timeoutMs, 2 ** 31 - 1));
    }
    return this.exited;
  }

  /** End it now; its calls fail with `reason`, or as `worker-exited`. */
  kill(reason?: PypoolError): Promise<WorkerExit> {
    this.#die({ reason, decided: true });
    return this.exited;
  }

  #move(to: WorkerState): void {
    this.#state = moveTo(this.#state, to);
  }

  /** What a frame made throw ends the worker: malformed by the rules of the wire, or a bug of ours. */
  #guard(handle: () => void): void {
    try {
      handle();
    } catch (error) {
      this.#die({ reason: asPypoolError(error, undefined), decided: true });
    }
  }

  #onControl(frame: Frame): void {
    switch (frame.type) {
      case FrameType.HELLO:
        return this.#welcome(frame);
      case FrameType.READY:
        if (this.#state.name !== 'importing')
          throw protocolViolation(this.id, `READY while ${this.#state.name}`);
        this.functions = parseReady(frame).functions;
        for (const { name, timeoutSeconds } of this.functions) {
          if (timeoutSeconds !== null) this.#ownBudgets.set(name, timeoutSeconds * 1_000);
        }
        this.#move({ name: 'ready' });
        return this.#settleStart.resolve();
      case FrameType.START_FAILED: {
        const error = parseError(frame, this.#codec);
        this.#startError = createError({
          code: 'start-failed',
          message: `Worker ${this.id} could not start: ${error.message}${tracebackOf(error)}`,
          context: { workerId: this.id, pid: this.pid, python: this.pythonVersion ?? null },
          cause: error,
        });
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
    const hello = parseHello(frame);
    this.pythonVersion = hello.python;
    const protocol = negotiate([PROTOCOL_VERSION, PROTOCOL_VERSION], hello.protocol);
    const { welcome, process } = this.#parts;
    if (!hello.codecs.includes(welcome.codec)) {
      throw protocolViolation(
        this.id,
        `codecs ${hello.codecs.join(', ') || '(none)'}; this side speaks ${welcome.codec}`,
      );
    }
    this.#move({ name: 'importing' });
    process.connection.limit(welcome.limits);
    this.#sendControl(encodeMessage(FrameType.WELCOME, { protocol, ...welcome }));
  }

  #onReply(frame: Frame): void {
    const open = this.#calls.get(frame.callId);
    if (open === undefined) {
      throw protocolViolation(
        this.id,
        `a reply to call ${frame.callId}, which has been answered or never was`,
      );
    }
    const { call } = open;
    switch (frame.type) {
      case FrameType.RESULT: {
        const value = this.#codec.decode(frame);
        if (open.endedBy !== undefined) return; // it answers when its work has provably ended, and not with this
        this.#calls.remove(frame.callId);
        return call.onResult(call.kind === 'stream' ? undefined : value);
      }
      case FrameType.ERROR: {
        const error = parseError(frame, this.#codec);
        if (open.endedBy !== undefined) return;
        this.#calls.remove(frame.callId);
        return call.onError(error);
      }
      case FrameType.ITEM: {
        const items = parseItems(frame, this.#codec);
        if (call.kind !== 'stream')
          throw protocolViolation(this.id, `an item for ${call.name}, which is no stream`);
        open.items += items.length;
        open.lastItemAt = performance.now();
        if (open.endedBy === undefined) for (const item of items) call.onItem(item);
        return;
      }
      default:
        throw protocolViolation(this.id, `a reply of type ${frame.type}`);
    }
  }

  #begin(open: OpenCall): void {
    const now = performance.now();
    open.startedAt = now;
    open.lastItemAt = now;
    open.call.onStart();
    this.#budgets.ask(Math.min(now + this.#executionBudget(open.call), this.#itemDueAt(open)));
  }

  /** The caller's, or the function's own where that is shorter. */
  #executionBudget(call: OutgoingCall): number {
    if (this.#ownBudgets.size === 0) return call.executionTimeoutMs;
    return Math.min(call.executionTimeoutMs, this.#ownBudgets.get(call.name) ?? Infinity);
  }

  /** While the producer may send, less than half a window is left to take: the consumer waits, or nearly. */
  #itemDueAt(open: OpenCall): number {
    const waits = open.call.kind === 'stream' && open.granted > open.items;
    return waits ? open.lastItemAt + open.call.itemTimeoutMs : Infinity;
  }

  #checkBudgets(now: number): number {
    let next = Infinity;
    for (const open of this.#calls.running()) {
      const { call, startedAt = now } = open;
      if (open.endedBy !== undefined) continue;
      const executionMs = this.#executionBudget(call);
      const executionDueAt = startedAt + executionMs;
      const itemDueAt = this.#itemDueAt(open);
      if (executionDueAt <= now) this.cancel(call, this.#budgetError('execution-timeout', call, executionMs));
      else if (itemDueAt <= now)
        this.cancel(call, this.#budgetError('item-timeout', call, call.itemTimeoutMs));
      else next = Math.min(next, executionDueAt, itemDueAt);
    }
    return next;
  }

  #budgetError(
    code: 'execution-timeout' | 'item-timeout',
    call: OutgoingCall,
    budgetMs: number,
  ): PypoolError {
    const what = code === 'execution-timeout' ? 'had no result' : 'had no further item';
    return createError({
      code,
      message: `${call.name} ${what} after ${budgetMs} ms on worker ${this.id} (pid ${this.pid}), which is replaced.`,
      outcome: 'unknown',
      context: { function: call.name, budgetMs, workerId: this.id, pid: this.pid },
    });
  }

  #onRepliesEnd(error: PypoolError | undefined): void {
    this.#repliesEnded();
    this.#onBroken(error);
  }

  /** A channel ended. Of a worker that was asked to stop that is expected; any other is dying, or has to. */
  #onBroken(error: PypoolError | undefined): void {
    if (this.#state.name === 'closing' && error === undefined) return;
    // An end with no error is the process's own: its exit tells more than could be said here.
    this.#die({ reason: error, decided: error?.code === 'protocol' || error?.code === 'frame-too-large' });
  }

  #sendControl(frame: Frame): void {
    this.#parts.process.connection.control.send(frame);
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
    this.#parts.process.signal('SIGKILL');
    // Not unref'd: whoever waits for this worker is told before Node ends.
    this.#reapTimer = setTimeout(() => this.#bury(undefined), REAP_MS);
    if (wasReady) this.#observer.onUnavailable(reason ?? this.#ending());
  }

  #onExit(exit: ProcessExit, readToEnd: Promise<unknown>): void {
    if (this.#state.name === 'dead') return;
    const asked = this.#state.name === 'closing' && exit.exitCode === 0;
    this.#die({ decided: false });
    // Once more, for what it started in its last moment.
    this.#parts.process.signal('SIGKILL');
    clearTimeout(this.#reapTimer);
    const bury = (): void => this.#bury(exit, asked);
    this.#reapTimer = setTimeout(bury, READ_TO_END_MS);
    void readToEnd.then(bury);
  }

  /** Judge what became of its calls, tell everybody, and let go of it. */
  #bury(exit: ProcessExit | undefined, asked = false): void {
    if (this.#state.name !== 'dying') return;
    const { reason } = this.#state;
    clearTimeout(this.#reapTimer);
    clearTimeout(this.#closeTimer);
    this.#budgets.stop();
    this.#move({ name: 'dead' });
    const facts: DeathFacts = { ...this.#facts(exit), reason };
    for (const { open, ran } of this.#calls.takeAll()) {
      open.call.onError(open.endedBy ?? deathError(facts, ran ? 'unknown' : 'not-started', open.call.name));
    }
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

  /** Said while its exit is still to come. */
  #ending(): PypoolError {
    return createError({
      code: 'worker-exited',
      message: `Worker ${this.id} (pid ${this.pid}) is ending.`,
      context: { workerId: this.id, pid: this.pid },
    });
  }

  #facts(exit: ProcessExit | undefined): DeathFacts {
    return { workerId: this.id, pid: this.pid, exit, stderr: [...this.#stderr.lines], reason: undefined };
  }
}

function startFailed(facts: DeathFacts, python: string | undefined): PypoolError {
  const { workerId, pid, exit, stderr, reason } = facts;
  return createError({
    code: 'start-failed',
    message:
      reason === undefined
        ? `Worker ${workerId} (pid ${pid}) ${describeExit(exit)} before it was ready.${lastWords(stderr)}`
        : `Worker ${workerId} (pid ${pid}) could not start: ${reason.message}${lastWords(stderr)}`,
    context: {
      workerId,
      pid,
      exitCode: exit?.exitCode ?? null,
      signal: exit?.signal ?? null,
      stderr,
      python: python ?? null,
    },
    cause: reason,
  });
}

function tracebackOf(error: PypoolError): string {
  const { traceback } = error as { traceback?: unknown };
  return typeof traceback === 'string' && traceback !== '' ? `\n${traceback.trimEnd()}` : '';
}

function protocolViolation(workerId: string, what: string): PypoolError {
  return createError({
    code: 'protocol',
    message: `Worker ${workerId} broke the protocol: ${what}.`,
    outcome: 'unknown',
    context: { workerId },
  });
}

/** Errors of pypool as they are; anything else is a bug of ours, and says so. */
function asPypoolError(error: unknown, name: string | undefined): PypoolError {
  if (isPypoolError(error)) return error;
  return createError({
    code: 'internal',
    message: `An unexpected error${name === undefined ? '' : ` with the call of ${name}`}: ${String(error)}`,
    cause: error,
  });
}
