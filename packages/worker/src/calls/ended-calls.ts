import type { PypoolError } from '@pypool/protocol';
import type { CallStacks } from './call-stacks.js';
import type { OpenCall, TakenCall } from './call-table.js';
import { isHard, type CancelLadder, type Rung } from './cancel-ladder.js';
import { endedAt, leftBehind, type Culprit } from './errors.js';

/**
 * What to tell a call whose process has ended; `ran` where its execution had begun; the `culprit` where the process was ended for the sake
 * of another.
 */
export type Judge = (name: string, ran: boolean, culprit: Culprit | undefined) => PypoolError;

/** The calls whose answer is the end of their process: those that it ends under, and those that were ended with it and answered before. */
export class EndedCalls {
  readonly #workerId: string;
  readonly #ladder: CancelLadder;
  readonly #stacks: CallStacks;
  /** Calls that run no more and are told with those that their process ends under: a signal hit them, or they were ended with it. */
  readonly #kept: TakenCall[] = [];

  constructor(workerId: string, ladder: CancelLadder, stacks: CallStacks) {
    this.#workerId = workerId;
    this.#ladder = ladder;
    this.#stacks = stacks;
  }

  /** Why the process is being ended, or takes no more calls, where that is for the sake of a call. */
  get endedFor(): PypoolError | undefined {
    const { culprit } = this.#ladder.process;
    return culprit === undefined ? undefined : this.#endedBy(culprit);
  }

  /** A call that has left the table is told when its process has ended. */
  keep(open: OpenCall, ran: boolean): void {
    this.#kept.push({ open, ran });
  }

  /** Answer what was left in the table, and what was kept, when nothing can be read any more. */
  answer(left: readonly TakenCall[], judge: Judge): void {
    const culprit = this.#culprit;
    for (const { open, ran } of [...left, ...this.#kept]) {
      const { call } = open;
      const death = judge(call.name, ran, culprit);
      const endedBy = this.#endedBy(open);
      if (endedBy === undefined) call.onError(death);
      else
        call.onError(
          open.ending === undefined
            ? endedBy
            : endedAt(endedBy, death.outcome, this.#rungOf(open), this.#stacks.drop(open)),
        );
    }
  }

  /** Whom the process was ended for, where it was. */
  get #culprit(): Culprit | undefined {
    const { culprit, rung } = this.#ladder.process;
    const error = culprit === undefined ? undefined : this.#endedBy(culprit);
    if (culprit === undefined || rung === undefined || error === undefined) return undefined;
    return { name: culprit.call.name, error: endedAt(error, 'unknown', rung), rung };
  }

  /** The last that was done to end a call: in its process, where that is more. */
  #rungOf({ rung }: OpenCall): Rung | undefined {
    return rung === undefined ? rung : (this.#ladder.process.rung ?? rung);
  }

  #endedBy(open: OpenCall): PypoolError | undefined {
    const { call, endedBy, ending, rung } = open;
    const wasLeft = ending === 'leave' && (isHard(rung) || this.#ladder.process.has(open));
    return endedBy ?? (wasLeft ? leftBehind(call.name, this.#workerId) : undefined);
  }
}
