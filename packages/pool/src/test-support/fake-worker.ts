import {
  createError,
  type FunctionFacts,
  type OutgoingCall,
  type PypoolError,
  type WorkerDump,
} from '@pypool/protocol';

import type {
  PoolWorker,
  PoolWorkerObserver,
  WorkerExit,
  WorkerFactory,
  WorkerRequest,
} from '../contract.js';

/** A worker whose calls are answered by the test. */
export class FakeWorker implements PoolWorker {
  readonly concurrency: number;
  readonly facts: Readonly<Record<string, unknown>>;
  /** Unanswered calls, oldest first. */
  readonly calls: OutgoingCall[] = [];
  readonly cancelled: { call: OutgoingCall; error: PypoolError }[] = [];
  readonly left: OutgoingCall[] = [];
  readonly granted: number[] = [];
  given = 0;
  closing = false;
  /** It takes no more calls, and has said so. */
  dying = false;
  /** What it holds, in bytes. */
  memory = 0;
  /** What it answers where it is asked what it does; where it is not set, it cannot tell. */
  dump?: () => Promise<WorkerDump>;
  exit: WorkerExit | undefined;
  /** Answers a call as it comes, in the same turn, where it is set. */
  respond: ((call: OutgoingCall) => void) | undefined;
  /** Hears what a call is told before it hears it itself; `begun`: whether it had a place. */
  told: ((call: OutgoingCall, error: PypoolError | undefined, begun: boolean) => void) | undefined;
  /** Hears of a call that is about to be given back. */
  gaveBack: ((call: OutgoingCall) => void) | undefined;
  /** Calls that it was asked back for, and has said nothing of. */
  readonly asked = new Set<OutgoingCall>();
  /** Left out where it gives none back. */
  revoke?: (calls: readonly OutgoingCall[]) => void;
  readonly #begun = new Set<OutgoingCall>();
  /** Of a worker that is dying: those whose calls have not failed yet. */
  #places: number;
  /** Whether it stays when it may leave, until {@link FakeWorker.letGo}. */
  lingers = false;
  #exited!: (exit: WorkerExit) => void;
  readonly #exit = new Promise<WorkerExit>((resolve) => (this.#exited = resolve));

  constructor(
    readonly request: WorkerRequest,
    readonly observer: PoolWorkerObserver,
    concurrency: number,
    readonly functionFacts: ReadonlyMap<string, FunctionFacts> = new Map(),
    revokes = false,
  ) {
    this.concurrency = this.#places = concurrency;
    if (revokes) {
      this.revoke = (calls) => {
        for (const call of calls)
          if (this.calls.includes(call) && !this.#begun.has(call)) this.asked.add(call);
      };
    }
    this.facts = { pid: 1000 + Number(request.workerId.split('.').at(-1)) };
  }

  memoryBytes?(): Promise<number> {
    return this.exit === undefined ? Promise.resolve(this.memory) : Promise.reject(new Error('gone'));
  }

  run(call: OutgoingCall): void {
    if (this.exit !== undefined) throw new Error(`${this.request.workerId} was given a call after its exit`);
    this.given += 1;
    this.calls.push(call);
    this.#begin();
    this.respond?.(call);
  }

  cancel(call: OutgoingCall, error: PypoolError): void {
    if (this.calls.includes(call)) this.cancelled.push({ call, error });
  }

  leave(call: OutgoingCall): void {
    if (this.calls.includes(call)) this.left.push(call);
  }

  grant(_call: OutgoingCall, items: number): void {
    this.granted.push(items);
  }

  /** Be about to end for the sake of a call: those it has go on, and it stops when it has answered them. */
  yield(error: PypoolError): void {
    this.#becomeUnavailable(error);
    this.closing = true;
    this.#leaveWhenIdle();
  }

  close(): Promise<WorkerExit> {
    this.closing = true;
    this.#leaveWhenIdle();
    return this.#exit;
  }

  kill(reason?: PypoolError): Promise<WorkerExit> {
    if (this.exit === undefined) {
      this.#becomeUnavailable(reason ?? died('not-started'));
      this.#failAll((outcome) => asOutcome(outcome, reason));
      this.#gone({ reason: 'killed', exitCode: undefined, signal: 'SIGKILL', error: reason });
    }
    return this.#exit;
  }

  // What the test does

  /** Answer the oldest call, or a certain one. */
  answer(value: unknown = undefined, call: OutgoingCall | undefined = this.calls[0]): void {
    const taken = this.#take(call);
    this.told?.(taken, undefined, true);
    taken.onResult(value);
    this.#leaveWhenIdle();
  }

  /** Give back what it was asked for, or some of that; the rest it keeps, since that has begun. */
  giveBack(calls: Iterable<OutgoingCall> = this.asked): void {
    const given = [...calls].filter((call) => this.asked.has(call));
    this.asked.clear();
    for (const call of given) {
      if (!this.calls.includes(call)) continue; // the pool may have ended it at one before
      this.#take(call);
      this.gaveBack?.(call);
      call.onRevoked?.();
    }
    this.#leaveWhenIdle();
  }

  fail(error: PypoolError, call: OutgoingCall | undefined = this.calls[0]): void {
    this.#fail(this.#take(call), error);
    this.#leaveWhenIdle();
  }

  /** Die: the first `concurrency` calls are unknown, the rest never started. */
  die({ reap = true } = {}): void {
    this.#becomeUnavailable(died('unknown'));
    this.#failAll(died);
    if (reap) this.reap();
  }

  reap(): void {
    this.#gone({ reason: 'died', exitCode: undefined, signal: 'SIGKILL', error: died('unknown') });
  }

  /** Let it leave, if it lingers. */
  letGo(): void {
    this.lingers = false;
    this.#leaveWhenIdle();
  }

  /** Those that have a place begin. */
  #begin(): void {
    for (let at = 0; at < this.concurrency && at < this.calls.length; at += 1) {
      const call = this.calls[at]!;
      if (this.#begun.has(call)) continue;
      this.#begun.add(call);
      call.onStart();
    }
  }

  /** By the rule of the wire: a call that was asked back may have been dropped, and takes no place from those behind it. */
  #failAll(why: (outcome: 'unknown' | 'not-started') => PypoolError): void {
    // One by one, since the pool may end it at the first: that goes on here.
    while (this.calls.length > 0) {
      const call = this.calls.shift()!;
      const outcome = this.#places > 0 ? 'unknown' : 'not-started';
      if (!this.asked.delete(call)) this.#places -= 1;
      this.#fail(call, why(outcome));
    }
  }

  #becomeUnavailable(error: PypoolError): void {
    if (this.dying) return;
    this.dying = true;
    this.observer.onUnavailable(error);
  }

  #fail(call: OutgoingCall, error: PypoolError): void {
    this.told?.(call, error, this.#begun.has(call));
    call.onError(error);
  }

  #take(call: OutgoingCall | undefined): OutgoingCall {
    const at = call === undefined ? -1 : this.calls.indexOf(call);
    if (at === -1) throw new Error(`${this.request.workerId} does not have that call`);
    const [taken] = this.calls.splice(at, 1);
    this.asked.delete(taken!);
    this.#begin();
    return taken!;
  }

  #leaveWhenIdle(): void {
    if (!this.closing || this.lingers || this.calls.length > 0) return;
    queueMicrotask(() => this.#gone({ reason: 'closed', exitCode: 0, signal: undefined, error: undefined }));
  }

  #gone(exit: WorkerExit): void {
    if (this.exit !== undefined) return;
    this.exit = exit;
    this.observer.onExit(exit);
    this.#exited(exit);
  }
}

/** A start under way: the test decides what comes of it. */
export interface FakeStart {
  readonly request: WorkerRequest;
  readonly signal: AbortSignal;
  succeed(): FakeWorker;
  fail(error?: PypoolError): void;
}

/** What workers say of their functions. */
export type Facts = readonly (readonly [name: string, facts: FunctionFacts])[];

/** How a {@link FakeFactory} starts its workers. */
export interface FakeFactoryOptions {
  readonly mode?: 'instant' | 'manual';
  readonly concurrency?: number;
  readonly facts?: Facts;
  /** Whether workers give calls back that have not begun. */
  readonly revokes?: boolean;
}

/** A factory whose starts succeed at once, or wait for the test. */
export class FakeFactory implements WorkerFactory {
  /** `manual`: starts wait in {@link FakeFactory.pending}. */
  /** How starts to come go. */
  mode: 'instant' | 'manual';
  readonly concurrency: number;
  /** Whether an aborted start rejects, as the contract asks. */
  honoursAbort = true;
  /** What it says of a start that takes too long, where it says anything. */
  explain: ((error: PypoolError) => PypoolError) | undefined;
  /** Whether its workers can tell what they hold. */
  tellsMemory = true;
  readonly started: WorkerRequest[] = [];
  readonly workers: FakeWorker[] = [];
  readonly pending: FakeStart[] = [];
  closed = 0;
  respond: FakeWorker['respond'];
  told: FakeWorker['told'];
  gaveBack: FakeWorker['gaveBack'];
  readonly revokes: boolean;
  /** Most workers that were alive or starting at the same time. */
  most = 0;

  /** Of workers to come. */
  facts: Facts;

  constructor({ mode = 'instant', concurrency = 1, facts = [], revokes = false }: FakeFactoryOptions = {}) {
    this.revokes = revokes;
    this.facts = facts;
    this.mode = mode;
    this.concurrency = concurrency;
  }

  /** Workers that have not exited. */
  get alive(): FakeWorker[] {
    return this.workers.filter(({ exit }) => exit === undefined);
  }

  start(request: WorkerRequest, observer: PoolWorkerObserver, signal: AbortSignal): Promise<FakeWorker> {
    this.started.push(request);
    const make = () => {
      const worker = new FakeWorker(request, observer, this.concurrency, new Map(this.facts), this.revokes);
      worker.respond = this.respond;
      worker.gaveBack = this.gaveBack;
      worker.told = this.told;
      if (!this.tellsMemory) Object.defineProperty(worker, 'memoryBytes', { value: undefined });
      this.workers.push(worker);
      this.#count();
      return worker;
    };
    if (this.mode === 'instant') return Promise.resolve().then(make);
    return new Promise((resolve, reject) => {
      const done = () => this.pending.splice(this.pending.indexOf(start), 1);
      const start: FakeStart = {
        request,
        signal,
        succeed: () => {
          done();
          const worker = make();
          resolve(worker);
          return worker;
        },
        fail: (error = startFailed('no such model')) => {
          done();
          reject(error);
        },
      };
      this.pending.push(start);
      this.#count();
      signal.addEventListener('abort', () => {
        const reason = signal.reason as PypoolError;
        if (this.explain !== undefined && reason.code === 'start-timeout')
          observer.onLate(this.explain(reason));
        if (this.honoursAbort && this.pending.includes(start)) start.fail(reason);
      });
    });
  }

  close(): Promise<void> {
    this.closed += 1;
    return Promise.resolve();
  }

  #count(): void {
    this.most = Math.max(this.most, this.alive.length + this.pending.length);
  }
}

export function died(outcome: 'unknown' | 'not-started'): PypoolError {
  return createError({ code: 'worker-exited', message: 'The worker was killed by SIGKILL.', outcome });
}

/** What a call is told when its worker is ended for this reason: whatever was known of others, one that has begun may have run. */
function asOutcome(outcome: 'unknown' | 'not-started', reason: PypoolError | undefined): PypoolError {
  if (reason === undefined) return died(outcome);
  if (reason.outcome === outcome) return reason;
  return createError({ code: reason.code, message: reason.message, outcome, cause: reason });
}

export function startFailed(message: string): PypoolError {
  return createError({ code: 'start-failed', message });
}
