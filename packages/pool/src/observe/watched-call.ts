import { throwLater, type PypoolError } from '@pypool/protocol';

import type { Attempt } from '../call/attempt.js';
import type { PendingCall } from '../call/pending-call.js';
import type { CallObserver, CallWatch, ObservedCall, TraceContext } from './call-observer.js';

/** Those who want to see calls. There is none of this in a pool that nobody observes. */
export class CallObservers {
  readonly #pool: string;
  /** Replaced, never changed, so that observers may come and go while others are told. */
  #observers: readonly CallObserver[] = [];

  constructor(pool: string) {
    this.#pool = pool;
  }

  get size(): number {
    return this.#observers.length;
  }

  /** Add an observer; one that is there already is not added again. */
  add(observer: CallObserver): void {
    if (!this.#observers.includes(observer)) this.#observers = [...this.#observers, observer];
  }

  remove(observer: CallObserver): void {
    this.#observers = this.#observers.filter((other) => other !== observer);
  }

  /** A call was made. @returns what is to be told of it, where somebody wants to know */
  submitted(call: PendingCall): WatchedCall | undefined {
    const told: ObservedCall = {
      pool: this.#pool,
      callId: call.id,
      kind: call.kind,
      name: String(call.name),
      session: call.session,
      attributes: call.attributes,
    };
    let watched: WatchedCall | undefined;
    for (const observer of this.#observers) {
      try {
        const watch = observer.onSubmitted(told);
        if (watch === undefined) continue;
        if (watched === undefined) watched = new WatchedCall(call, watch);
        else watched.join(watch);
      } catch (error) {
        throwLater(error);
      }
    }
    return watched;
  }
}

/** A call that somebody watches: keeps what is told of it beyond what the call itself knows. */
export class WatchedCall {
  readonly #call: PendingCall;
  #watches: readonly CallWatch[];
  #trace: TraceContext | undefined;
  #beganAt: number | undefined;
  #settled = false;

  constructor(call: PendingCall, watch: CallWatch) {
    this.#call = call;
    this.#watches = [watch];
    this.#trace = watch.trace;
  }

  join(watch: CallWatch): void {
    this.#watches = [...this.#watches, watch];
    this.#trace ??= watch.trace;
  }

  /** The trace that travels with each attempt. */
  get trace(): TraceContext | undefined {
    return this.#trace;
  }

  /** @param aheadMs how long it was at the worker before it began */
  began({ worker }: Attempt, now: number, aheadMs: number): void {
    const { attempts, submittedAt, retriedAt } = this.#call;
    this.#beganAt = now;
    const facts = worker.worker?.facts ?? {};
    const waitMs = now - (retriedAt ?? submittedAt);
    const begin = { attempt: attempts, workerId: worker.id, facts, waitMs, aheadMs };
    this.#tell((watch) => watch.onBegan?.(begin));
  }

  takenBack(): void {
    this.#beganAt = undefined;
    this.#tell((watch) => watch.onTakenBack?.());
  }

  retried({ attempts }: PendingCall, workerId: string, error: PypoolError): void {
    this.#beganAt = undefined;
    this.#tell((watch) => watch.onRetried?.({ attempts, workerId, error }));
  }

  item(bytes: number): void {
    this.#tell((watch) => watch.onItem?.({ bytes }));
  }

  settled(error: PypoolError | undefined, now: number): void {
    const { wanted, attempts, submittedAt } = this.#call;
    const executionMs = this.#beganAt === undefined ? undefined : now - this.#beganAt;
    const end = { error, left: !wanted, attempts, totalMs: now - submittedAt, executionMs };
    this.#settled = true;
    this.#tell((watch) => watch.onSettled?.(end), true);
  }

  /** @param last what is told when all else has been: of two watches the first may end the call while the second has yet to hear */
  #tell(tell: (watch: CallWatch) => void, last = false): void {
    for (const watch of this.#watches) {
      if (this.#settled !== last) return;
      try {
        tell(watch);
      } catch (error) {
        throwLater(error);
      }
    }
  }
}
