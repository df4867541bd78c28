import {
  createError,
  rejectWithSite,
  type ExposedFunction,
  type PypoolError,
  type WorkerDump,
} from '@pypool/protocol';
import type { WorkerExit } from '../life/exit.js';
import { StateTimer } from '../life/state-timer.js';
import type { PythonWorker } from '../python-worker.js';
import type { PythonWorkers, WorkerObserver } from '../python-workers.js';
import { findCallError, type LoneCallOptions } from './call-options.js';
import { closeTimeoutOf } from './close-options.js';
import { KeepAlive } from './keep-alive.js';
import { LoneCall, type Answering, type LoneCallOwner, type LoneCallParts } from './lone-call.js';
import { WorkerStream } from './lone-stream.js';
import type { LoneCloseOptions, LoneStream, LoneWorker } from './lone-worker.js';

const NO_OPTIONS: LoneCallOptions = Object.freeze({});

/**
 * The calls of one worker that nobody else has: a queue in front of it and the promises behind it.
 *
 * It is the observer of its own worker, so it exists before that does; {@link StandaloneWorker.attach} follows the start.
 */
export class StandaloneWorker implements LoneWorker, WorkerObserver, LoneCallOwner {
  readonly name: string;
  readonly exited: Promise<WorkerExit>;
  readonly #workers: PythonWorkers;
  #worker!: PythonWorker;
  /** In the order in which they were made. */
  readonly #waiting = new Set<LoneCall>();
  readonly #running = new Set<LoneCall>();
  readonly #keepAlive = new KeepAlive();
  #dispatching = false;
  /** Why it takes no calls; the first reason holds. */
  #refusal: PypoolError | undefined;
  #closing = false;
  #ended = false;
  #closeAt = Infinity;
  readonly #closeTimer = new StateTimer();
  #settleExit!: (exit: Promise<WorkerExit>) => void;

  constructor(name: string, workers: PythonWorkers) {
    this.name = name;
    this.#workers = workers;
    this.exited = new Promise((resolve) => (this.#settleExit = resolve));
  }

  /** It has started. */
  attach(worker: PythonWorker): void {
    this.#worker = worker;
  }

  get pid(): number {
    return this.#worker.facts['pid'] as number;
  }

  get pythonVersion(): string {
    return this.#worker.facts['python'] as string;
  }

  get functions(): readonly ExposedFunction[] {
    return this.#worker.functions;
  }

  call<T>(name: string, args?: unknown, options?: LoneCallOptions): Promise<T> {
    return new Promise<T>((resolve) => {
      this.#submit('call', name, args, options, {
        onItem: () => undefined,
        onResult: (value) => resolve(value as T),
        onError: (error) => resolve(rejectWithSite(error, 'worker.call')),
      });
    });
  }

  stream<T>(name: string, args?: unknown, options?: LoneCallOptions): LoneStream<T> {
    const stream = new WorkerStream<T>();
    const call = this.#submit('stream', name, args, options, stream);
    stream.source = {
      grant: (items, bytes) => this.#worker.grant(call, items, bytes),
      leave: () => this.#leave(call),
    };
    return stream;
  }

  dump(): Promise<WorkerDump> {
    return this.#worker.dump();
  }

  on: LoneWorker['on'] = (name, listener) => this.#workers.on(name, listener);
  off: LoneWorker['off'] = (name, listener) => this.#workers.off(name, listener);

  async close(options?: LoneCloseOptions): Promise<WorkerExit> {
    const timeoutMs = closeTimeoutOf(options);
    if (this.#ended) return this.exited;
    this.#beginToEnd();
    const closeAt = performance.now() + timeoutMs;
    if (closeAt < this.#closeAt) {
      this.#closeAt = closeAt;
      this.#closeTimer.start(timeoutMs, () => void this.kill());
    }
    this.#stopIfIdle();
    return this.exited;
  }

  kill(): Promise<WorkerExit> {
    if (this.#ended) return this.exited;
    this.#beginToEnd();
    this.#rejectWaiting();
    void this.#worker.kill();
    return this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Whoever starts it hears so from the start. */
  onLate(): void {}

  onUnavailable(error: PypoolError): void {
    this.#refusal ??= this.#gone('it is ending.', error);
    this.#rejectWaiting();
  }

  /** There is no other to take its place. */
  onWorn(): void {}

  onExit(exit: WorkerExit): void {
    this.#ended = true;
    // Said before it was reaped, the refusal knew less.
    if (!this.#closing)
      this.#refusal = this.#gone(exit.error?.message ?? 'it has ended.', exit.error, exit.error?.context);
    this.#rejectWaiting();
    this.#closeTimer.stop();
    this.#settleExit(this.#finish(exit));
  }

  onAnswered(call: LoneCall): void {
    this.#waiting.delete(call);
    this.#running.delete(call);
    this.#keepAlive.release();
    this.#dispatch();
    this.#stopIfIdle();
  }

  onAbort(call: LoneCall, error: PypoolError): void {
    if (this.#waiting.has(call)) call.onError(error);
    else this.#worker.cancel(call, error);
  }

  #submit(
    kind: LoneCallParts['kind'],
    name: string,
    args: unknown,
    options: LoneCallOptions | undefined,
    answering: Answering,
  ): LoneCall {
    const wrong = findCallError(name, options);
    const given = wrong === undefined ? (options ?? NO_OPTIONS) : NO_OPTIONS;
    const ownBudgetMs = this.#worker.functionFacts.get(name)?.executionTimeoutMs;
    const call = new LoneCall({ kind, name, args, options: given, ownBudgetMs, answering });
    const error = wrong ?? this.#refusal ?? call.abortedEarly;
    if (error !== undefined) {
      call.onError(error);
      return call;
    }
    this.#keepAlive.take();
    this.#waiting.add(call);
    call.open(this);
    this.#dispatch();
    return call;
  }

  /** Give the worker as many calls as it runs at once. What waits, waits here, where it can be withdrawn. */
  #dispatch(): void {
    // A call that cannot be sent is answered at once, and comes back here; the loop below goes on.
    if (this.#dispatching) return;
    this.#dispatching = true;
    for (const call of this.#waiting) {
      if (this.#running.size >= this.#worker.concurrency) break;
      this.#waiting.delete(call);
      this.#running.add(call);
      this.#worker.run(call);
    }
    this.#dispatching = false;
  }

  /** The consumer of a stream left. */
  #leave(call: LoneCall): void {
    if (this.#waiting.has(call)) call.onResult(undefined);
    else this.#worker.leave(call);
  }

  #rejectWaiting(): void {
    for (const call of this.#waiting) call.onError(this.#refusal ?? this.#closed());
  }

  /** It takes no more calls, and Node stays until it has ended. */
  #beginToEnd(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#keepAlive.take();
    this.#refusal ??= this.#closed();
  }

  #stopIfIdle(): void {
    if (!this.#closing || this.#running.size > 0 || this.#waiting.size > 0) return;
    void this.#worker.close({ timeoutMs: Math.max(0, this.#closeAt - performance.now()) });
  }

  async #finish(exit: WorkerExit): Promise<WorkerExit> {
    // The worker is gone whatever becomes of the launcher's helpers, and they end with Node.
    await this.#workers.close().catch(() => undefined);
    this.#keepAlive.end();
    return exit;
  }

  #closed(): PypoolError {
    return createError({
      code: 'worker-exited',
      message: `Worker ${this.name} takes no calls: it was closed.`,
      retryable: false,
      context: { workerId: this.name },
    });
  }

  /** @param facts those of the end, where it has come */
  #gone(why: string, cause: PypoolError | undefined, facts: PypoolError['context'] = {}): PypoolError {
    return createError({
      code: 'worker-exited',
      message: `Worker ${this.name} takes no calls: ${why}`,
      retryable: false,
      context: { ...facts, workerId: this.name },
      cause,
    });
  }
}
