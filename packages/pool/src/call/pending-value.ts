import type { PypoolError } from '@pypool/protocol';

import { PendingCall } from './pending-call.js';

/** A call with one result. */
export class PendingValue extends PendingCall {
  readonly kind = 'call';
  #resolve!: (value: unknown) => void;
  #reject!: (error: PypoolError) => void;
  /** The caller's. */
  readonly promise = new Promise<unknown>((resolve, reject) => {
    this.#resolve = resolve;
    this.#reject = reject;
  });

  override began(): void {}

  override item(): void {}

  override succeed(value: unknown): void {
    this.#resolve(value);
  }

  override fail(error: PypoolError): void {
    this.#reject(error);
  }
}
