import { rejectWithSite, type PypoolError } from '@pypool/protocol';

import { PendingCall } from './pending-call.js';

/** A call with one result. */
export class PendingValue extends PendingCall {
  /** Settles the caller's promise. The promise itself is the caller's to keep. */
  resolve: ((value: unknown) => void) | undefined = undefined;

  get kind(): 'call' {
    return 'call';
  }

  override began(): void {}

  override item(): void {}

  override succeed(value: unknown): void {
    this.resolve?.(value);
  }

  override fail(error: PypoolError): void {
    this.resolve?.(rejectWithSite(error, 'pool.call'));
  }

  override forget(): void {
    super.forget();
    this.resolve = undefined;
  }
}
