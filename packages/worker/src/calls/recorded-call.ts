import type { CallMeta, OutgoingCall, PypoolError } from '@pypool/protocol';

/** A call that writes down what it is told, for tests. */
export class RecordedCall implements OutgoingCall {
  readonly kind: 'call' | 'stream' = 'call';
  readonly name: string = 'f';
  readonly args: unknown = undefined;
  readonly meta: CallMeta | undefined = undefined;
  readonly executionTimeoutMs: number = Infinity;
  readonly itemTimeoutMs: number = Infinity;
  readonly credit: number = 0;
  readonly creditBytes: number | undefined = undefined;
  /** Of items. */
  bytes = 0;
  /** `start`, `item 1`, `result 2`, `error worker-exited/unknown`, `spent`, `revoked`, in order. */
  readonly told: string[] = [];
  value: unknown;
  error: PypoolError | undefined;

  constructor(
    facts: Partial<
      Pick<
        OutgoingCall,
        'kind' | 'name' | 'args' | 'meta' | 'executionTimeoutMs' | 'itemTimeoutMs' | 'credit' | 'creditBytes'
      >
    > = {},
  ) {
    Object.assign(this, facts);
  }

  /** How often it was answered: once is right. */
  get answers(): number {
    return this.told.filter((what) => /^(result|error|revoked)/.test(what)).length;
  }

  onStart(): void {
    this.told.push('start');
  }

  onItem(value: unknown, bytes = 0): void {
    this.bytes += bytes;
    this.told.push(`item ${JSON.stringify(value)}`);
  }

  onResult(value: unknown): void {
    this.value = value;
    this.told.push(`result ${JSON.stringify(value)}`);
  }

  onError(error: PypoolError): void {
    this.error = error;
    this.told.push(`error ${error.code}/${error.outcome}`);
  }

  onSpent(): void {
    this.told.push('spent');
  }

  onRevoked(): void {
    this.told.push('revoked');
  }
}
