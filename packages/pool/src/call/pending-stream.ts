import { ItemStream, STREAM_CREDIT, type PypoolError } from '@pypool/protocol';

import { PendingCall } from './pending-call.js';

/** Whom a stream tells. */
export interface StreamOwner {
  /** Its consumer left before a worker had it. */
  onLeft(stream: PendingStream): void;
  /** It is settled. */
  onEnded(stream: PendingStream): void;
}

/** A call with many results. */
export class PendingStream extends PendingCall {
  owner: StreamOwner | undefined;
  /** The consumer's end. */
  readonly items = new ItemStream<unknown>({
    window: STREAM_CREDIT.items,
    maxWindow: STREAM_CREDIT.maxItems,
    windowBytes: STREAM_CREDIT.bytes,
    onGrant: (items, bytes) => this.#grant(items, bytes),
    onLeave: () => this.#leave(),
  });
  /** How often its consumer has asked for an item. */
  reads = 0;
  /** Somebody has asked for its end. */
  awaited = false;
  #left = false;
  #begun: Outcome = 'open';
  #error: PypoolError | undefined;
  #started: PromiseWithResolvers | undefined;
  /** It was answered: with an error, or `undefined` for its end. */
  #answer: { readonly error: PypoolError | undefined } | undefined;
  #finished: PromiseWithResolvers | undefined;

  get kind(): 'stream' {
    return 'stream';
  }

  override get wanted(): boolean {
    return !this.#left;
  }

  /** Resolves when a worker begins with it, rejects when none ever will. Made when asked for. */
  get started(): Promise<void> {
    if (this.#started === undefined) {
      this.#started = withResolvers();
      // Whoever asks for it may well look at the items alone: the error reaches them there.
      this.#started.promise.catch(() => {});
      this.#tell();
    }
    return this.#started.promise;
  }

  /** Resolves when it has ended, rejects when it failed, whether or not anybody takes its items. Made when asked for. */
  get finished(): Promise<void> {
    if (this.#finished === undefined) {
      this.#finished = withResolvers();
      this.#finished.promise.catch(() => {});
      if (this.#answer !== undefined) this.#finish(this.#answer.error);
    }
    return this.#finished.promise;
  }

  override began(): void {
    this.#begin('begun', undefined);
  }

  override item(value: unknown, bytes?: number): void {
    this.watched?.item(bytes ?? 0);
    this.items.push(value, bytes);
  }

  override succeed(): void {
    this.#begin('begun', undefined);
    this.items.end();
    this.#finish(undefined);
  }

  override fail(error: PypoolError): void {
    this.#begin('failed', error);
    this.items.fail(error);
    this.#finish(error);
  }

  #grant(items: number, bytes: number): void {
    const { attempt } = this;
    attempt?.worker.worker?.grant(attempt, items, bytes);
  }

  /** Its place is free when the worker has answered. */
  #leave(): void {
    this.#left = true;
    const { attempt } = this;
    if (attempt === undefined) this.owner?.onLeft(this);
    else attempt.worker.worker?.leave(attempt);
  }

  #finish(error: PypoolError | undefined): void {
    this.#answer ??= { error };
    this.owner?.onEnded(this);
    if (error === undefined) this.#finished?.resolve();
    else this.#finished?.reject(error);
  }

  #begin(outcome: Outcome, error: PypoolError | undefined): void {
    if (this.#begun !== 'open') return;
    this.#begun = outcome;
    this.#error = error;
    this.#tell();
  }

  #tell(): void {
    if (this.#begun === 'begun') this.#started?.resolve();
    else if (this.#begun === 'failed') this.#started?.reject(this.#error);
  }
}

type Outcome = 'open' | 'begun' | 'failed';

interface PromiseWithResolvers {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

function withResolvers(): PromiseWithResolvers {
  let resolve!: () => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
