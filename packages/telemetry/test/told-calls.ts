import type { CallBegin, CallEnd, CallObserver, CallWatch } from '@pypool/pool';

/** What a test has to say of how a call began. */
export function begin(facts: Pick<CallBegin, 'waitMs' | 'aheadMs'>): CallBegin {
  return { attempt: 1, workerId: 'shop-0.1', facts: { pid: 1 }, ...facts };
}

/** What it has to say of how it ended. */
export function end(facts: Partial<CallEnd> = {}): CallEnd {
  return { error: undefined, left: false, attempts: 1, totalMs: 1, executionMs: undefined, ...facts };
}

/** A pool whose calls are told by the test: what happens to them depends on which of two processes was first, else. */
export class ToldCalls {
  readonly #observers = new Set<CallObserver>();

  observe = (observer: CallObserver): (() => void) => {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  };

  /** A call was made. @returns the one who watches it */
  make(name: string): CallWatch {
    const call = {
      pool: 'shop',
      callId: 1,
      kind: 'call',
      name,
      session: undefined,
      attributes: undefined,
    } as const;
    const [observer] = this.#observers;
    return observer!.onSubmitted(call)!;
  }
}
