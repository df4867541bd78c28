import {
  createError,
  encodeCallEnvelope,
  encodeMessage,
  FrameType,
  isPypoolError,
  parseError,
  parseItems,
  type Frame,
  type OutgoingCall,
  type PypoolError,
  type ValueCodec,
} from '@pypool/protocol';
import type { Connection } from '@pypool/transport';
import { BudgetTimer } from './budget-timer.js';
import { CallTable, type OpenCall } from './call-table.js';
import { ClockStarter } from './clock-starter.js';
import { notReturned, notSent, protocolViolation } from './errors.js';

/** What a {@link CallRunner} is made of. */
export interface CallRunnerParts {
  readonly workerId: string;
  readonly pid: number;
  readonly concurrency: number;
  readonly codec: ValueCodec;
  readonly connection: Connection;
  /** A call has to end, and until calls can be interrupted in Python that means: its process has to. */
  readonly onMustEnd: () => void;
}

/**
 * The calls of one worker: how they are sent, what they are answered with, how long they may take.
 *
 * It knows nothing of how the process lives and dies; when that is over, {@link CallRunner.answerAll} settles what is left. A call costs one
 * frame and one entry of a table: no promise, timer, closure or event.
 */
export class CallRunner {
  readonly #parts: CallRunnerParts;
  readonly #codec: ValueCodec;
  readonly #calls: CallTable;
  readonly #budgets = new BudgetTimer((now) => this.#checkBudgets(now));
  readonly #clocks = new ClockStarter();
  #stopped = false;

  constructor(parts: CallRunnerParts) {
    this.#parts = parts;
    this.#codec = parts.codec;
    this.#calls = new CallTable(parts.concurrency, (open) => this.#begin(open));
  }

  /** Begin a call. Never throws; one that cannot be sent is answered with why, and nothing of it is sent. */
  run(call: OutgoingCall): void {
    const { meta, credit } = call;
    try {
      const { envelope, tagged, buffers } = encodeCallEnvelope(
        this.#codec,
        call.name,
        call.args,
        call.kind === 'stream' ? { ...meta, credit } : meta,
      );
      this.#parts.connection.requests.send({
        type: FrameType.CALL,
        tagged,
        callId: this.#calls.nextId,
        envelope,
        buffers,
      });
    } catch (error) {
      call.onError(notSent(error, call.name));
      return;
    }
    const open = this.#calls.add(call);
    if (open.startedAt !== undefined && this.#hasBudget(call)) this.#clocks.later(open);
  }

  /** End a call: it answers with `error` when its work has ended. */
  cancel(call: OutgoingCall, error: PypoolError): void {
    const open = this.#calls.find(call);
    if (open === undefined) return;
    open.endedBy ??= error;
    this.#parts.onMustEnd();
  }

  /** The consumer of a stream left: it ends between two items, and then answers. */
  leave(call: OutgoingCall): void {
    const open = this.#calls.find(call);
    if (open !== undefined) this.#sendLeave(open);
  }

  /** Allow a stream more items. */
  grant(call: OutgoingCall, items: number): void {
    const open = this.#calls.find(call);
    if (open === undefined) return;
    if (open.granted === open.items) open.lastItemAt = performance.now(); // it stood still for want of credit
    open.granted += items;
    this.#parts.connection.control.send(encodeMessage(FrameType.CREDIT, { n: items }, open.id));
    this.#budgets.ask(this.#itemDueAt(open));
  }

  /**
   * A frame of the reply channel.
   *
   * @throws PypoolError `protocol` for what no runtime may say: the connection is of no more use.
   */
  onReply(frame: Frame): void {
    const open = this.#calls.get(frame.callId);
    if (open === undefined) {
      throw protocolViolation(
        this.#parts.workerId,
        `a reply to call ${frame.callId}, which has been answered or never was`,
      );
    }
    let said: unknown;
    try {
      said = this.#decode(frame, open.call);
    } catch (error) {
      // A value of a type that is not registered here is the trouble of this call alone.
      if (!isPypoolError(error) || error.code !== 'unencodable') throw error;
      open.endedBy ??= error;
      if (frame.type === FrameType.ITEM) this.#sendLeave(open);
    }
    if (frame.type === FrameType.ITEM) this.#pass(open, said as readonly unknown[]);
    else this.#answer(open, frame.type, said);
  }

  /** The process is ending: no budget matters any more, and who was ended waits until it has. */
  stop(): void {
    this.#stopped = true;
    this.#budgets.stop();
  }

  /**
   * Answer whatever is left, when nothing can be read any more.
   *
   * @param judge - what to tell a call; `ran` where its execution had begun.
   */
  answerAll(judge: (name: string, ran: boolean) => PypoolError): void {
    this.stop();
    for (const { open, ran } of this.#calls.takeAll()) {
      open.call.onError(open.endedBy ?? judge(open.call.name, ran));
    }
  }

  #decode(frame: Frame, call: OutgoingCall): unknown {
    switch (frame.type) {
      case FrameType.RESULT:
        return this.#codec.decode(frame);
      case FrameType.ERROR:
        return this.#errorOf(frame, call);
      case FrameType.ITEM:
        if (call.kind !== 'stream') {
          throw protocolViolation(this.#parts.workerId, `an item for ${call.name}, which is no stream`);
        }
        return parseItems(frame, this.#codec);
      default:
        throw protocolViolation(this.#parts.workerId, `a reply of type ${frame.type}`);
    }
  }

  #errorOf(frame: Frame, call: OutgoingCall): PypoolError {
    const about = { function: call.name, workerId: this.#parts.workerId };
    const error = parseError(frame, this.#codec, about);
    return error.code === 'frame-too-large' ? notReturned(error, call.name) : error;
  }

  #pass(open: OpenCall, items: readonly unknown[]): void {
    if (open.endedBy !== undefined) return;
    open.items += items.length;
    open.lastItemAt = performance.now();
    for (const item of items) open.call.onItem(item);
  }

  #answer(open: OpenCall, type: number, said: unknown): void {
    const { call, endedBy } = open;
    if (endedBy !== undefined && this.#stopped) return; // its process is being ended; it answers when that is gone
    this.#calls.remove(open.id);
    if (endedBy !== undefined) call.onError(endedBy);
    else if (type === FrameType.ERROR) call.onError(said as PypoolError);
    else call.onResult(call.kind === 'stream' ? undefined : said);
  }

  #sendLeave(open: OpenCall): void {
    this.#parts.connection.control.send(encodeMessage(FrameType.CANCEL, { mode: 'leave' }, open.id));
  }

  #begin(open: OpenCall): void {
    open.call.onStart();
    this.#budgets.ask(Math.min(this.#executionDueAt(open), this.#itemDueAt(open)));
  }

  #hasBudget(call: OutgoingCall): boolean {
    return call.executionTimeoutMs !== Infinity || call.itemTimeoutMs !== Infinity;
  }

  #executionDueAt({ call, startedAt = performance.now() }: OpenCall): number {
    return startedAt + call.executionTimeoutMs;
  }

  /** While the producer may send, less than half a window is left to take: the consumer waits, or nearly. */
  #itemDueAt(open: OpenCall): number {
    const waits = open.call.kind === 'stream' && open.granted > open.items;
    return waits ? open.lastItemAt + open.call.itemTimeoutMs : Infinity;
  }

  #checkBudgets(now: number): number {
    let next = Infinity;
    for (const open of this.#calls.running()) {
      const { call } = open;
      const executionDueAt = this.#executionDueAt(open);
      const itemDueAt = this.#itemDueAt(open);
      if (executionDueAt <= now)
        this.cancel(call, this.#budgetError('execution-timeout', call, call.executionTimeoutMs));
      else if (itemDueAt <= now)
        this.cancel(call, this.#budgetError('item-timeout', call, call.itemTimeoutMs));
      else next = Math.min(next, executionDueAt, itemDueAt);
    }
    return next;
  }

  #budgetError(
    code: 'execution-timeout' | 'item-timeout',
    call: OutgoingCall,
    budgetMs: number,
  ): PypoolError {
    const { workerId, pid } = this.#parts;
    const what = code === 'execution-timeout' ? 'had no result' : 'had no further item';
    return createError({
      code,
      message: `${call.name} ${what} after ${budgetMs} ms on worker ${workerId} (pid ${pid}), which is replaced.`,
      outcome: 'unknown',
      context: { function: call.name, budgetMs, workerId, pid },
    });
  }
}
