import { createError, type OutgoingCall, type PypoolError } from '@pypool/protocol';
import { BudgetTimer } from './budget-timer.js';
import type { CallTable, OpenCall, StreamFlow } from './call-table.js';
import { ClockStarter } from './clock-starter.js';
import type { CallRunnerParts } from './parts.js';

/** How long calls may run, and streams may take for an item: one timer for all of a worker's. */
export class CallBudgets {
  readonly #calls: CallTable;
  readonly #worker: Pick<CallRunnerParts, 'workerId' | 'pid'>;
  readonly #onOver: (call: OutgoingCall, error: PypoolError) => void;
  readonly #timer = new BudgetTimer((now) => this.#check(now));
  readonly #clocks = new ClockStarter();

  /** @param onOver - told of each call whose budget is used up; it may be told again. */
  constructor(
    calls: CallTable,
    worker: Pick<CallRunnerParts, 'workerId' | 'pid'>,
    onOver: (call: OutgoingCall, error: PypoolError) => void,
  ) {
    this.#calls = calls;
    this.#worker = worker;
    this.#onOver = onOver;
  }

  /** A call was given to the runtime: where it runs at once, it does so when its bytes leave. */
  sent(open: OpenCall): void {
    const { executionTimeoutMs, itemTimeoutMs } = open.call;
    if (open.startedAt === undefined) return;
    if (executionTimeoutMs !== Infinity || itemTimeoutMs !== Infinity) this.#clocks.later(open);
  }

  /** Its execution begins. */
  begun(open: OpenCall): void {
    this.#timer.ask(Math.min(executionDueAt(open), itemDueAt(open)));
  }

  /** A stream may send more. */
  granted(open: OpenCall): void {
    this.#timer.ask(itemDueAt(open));
  }

  /** No budget matters any more. */
  stop(): void {
    this.#timer.stop();
  }

  #check(now: number): number {
    let next = Infinity;
    for (const open of this.#calls.running()) {
      const { call } = open;
      if (open.endedBy !== undefined) continue;
      const executionDue = executionDueAt(open);
      const itemDue = itemDueAt(open);
      if (executionDue <= now)
        this.#onOver(call, this.#error('execution-timeout', call, call.executionTimeoutMs));
      else if (itemDue <= now) this.#onOver(call, this.#error('item-timeout', call, call.itemTimeoutMs));
      else next = Math.min(next, executionDue, itemDue);
    }
    return next;
  }

  #error(code: 'execution-timeout' | 'item-timeout', call: OutgoingCall, budgetMs: number): PypoolError {
    const { workerId, pid } = this.#worker;
    const what = code === 'execution-timeout' ? 'had no result' : 'had no further item';
    return createError({
      code,
      message: `${call.name} ${what} after ${budgetMs} ms on worker ${workerId} (pid ${pid}).`,
      outcome: 'unknown',
      context: { function: call.name, budgetMs, workerId, pid },
    });
  }
}

/** Whether a stream has credit. */
export function maySend({ granted, items, grantedBytes, bytes }: StreamFlow): boolean {
  return granted > items && grantedBytes > bytes;
}

function executionDueAt({ call, startedAt = performance.now() }: OpenCall): number {
  return startedAt + call.executionTimeoutMs;
}

/** While the producer may send, less than half a window is left to take: the consumer waits, or nearly. */
function itemDueAt({ call, flow }: OpenCall): number {
  return flow !== undefined && maySend(flow) ? flow.lastItemAt + call.itemTimeoutMs : Infinity;
}
