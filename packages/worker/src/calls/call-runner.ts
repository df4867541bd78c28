import {
  createError,
  encodeCallEnvelope,
  encodeMessage,
  FrameType,
  isPypoolError,
  parseError,
  parseItems,
  type Cancel,
  type ExposedFunction,
  type Frame,
  type OutgoingCall,
  type PypoolError,
  type ValueCodec,
} from '@pypool/protocol';
import type { Connection } from '@pypool/transport';
import { BudgetTimer } from './budget-timer.js';
import { CallTable, type OpenCall } from './call-table.js';
import { CancelLadder, type CancelGraces, type Rung } from './cancel-ladder.js';
import { ClockStarter } from './clock-starter.js';
import { endedAt, leftBehind, notReturned, notSent, protocolViolation } from './errors.js';

/** What a {@link CallRunner} is made of. */
export interface CallRunnerParts {
  readonly workerId: string;
  readonly pid: number;
  readonly concurrency: number;
  readonly codec: ValueCodec;
  readonly connection: Connection;
  readonly graces: CancelGraces;
  /** Interrupted calls after which {@link CallRunnerParts.onWorn} is told. */
  readonly maxInterrupts: number;
  /** Signal the process group. */
  readonly signal: (signal: 'SIGINT' | 'SIGTERM') => void;
  /** The process has to end: a call of it goes on, or may be followed by a signal that was meant for it. */
  readonly onMustEnd: () => void;
  /** More calls of it were interrupted than is good for a process. Told once. */
  readonly onWorn: () => void;
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
  readonly #ladder: CancelLadder;
  /** Functions whose calls are not to be interrupted, and how they are ended. */
  readonly #cancelModes = new Map<string, ExposedFunction['cancel']>();
  #usualCancelMode: ExposedFunction['cancel'] = 'kill';
  #interrupts = 0;
  #stopped = false;

  constructor(parts: CallRunnerParts) {
    this.#parts = parts;
    this.#codec = parts.codec;
    this.#calls = new CallTable(parts.concurrency, (open) => this.#begin(open));
    const { graces, connection, signal, onMustEnd } = parts;
    this.#ladder = new CancelLadder({ graces, connection, signal, end: onMustEnd });
  }

  /** What READY said of the functions, and HELLO of whether it can interrupt them. */
  describe(functions: readonly ExposedFunction[], canInterrupt: boolean): void {
    if (canInterrupt) this.#usualCancelMode = 'interrupt';
    for (const { name, cancel } of functions) {
      if (canInterrupt && cancel !== 'interrupt') this.#cancelModes.set(name, cancel);
    }
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

  /** End a call: it answers with `error`, and with what became of it, when its work has ended. The first reason holds. */
  cancel(call: OutgoingCall, error: PypoolError): void {
    const open = this.#calls.find(call);
    if (open === undefined) return;
    open.endedBy ??= error;
    this.#end(open, 'interrupt');
  }

  /** The consumer of a stream left: it ends between two items, or where it is, and then answers. */
  leave(call: OutgoingCall): void {
    const open = this.#calls.find(call);
    if (open !== undefined) this.#end(open, 'leave');
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
      if (frame.type === FrameType.ITEM) this.#end(open, 'leave');
    }
    if (frame.type === FrameType.ITEM) this.#pass(open, said as readonly unknown[]);
    else this.#answer(open, frame.type, said);
  }

  /** Why the process is being ended, where that is for the sake of a call. */
  get endedFor(): PypoolError | undefined {
    for (const open of this.#calls.running()) if (isHard(open.rung)) return this.#endedBy(open);
    return undefined;
  }

  /** The process is ending: no budget matters any more, and who was ended waits until it has. */
  stop(): void {
    this.#stopped = true;
    this.#budgets.stop();
    this.#ladder.stop();
  }

  /**
   * Answer whatever is left, when nothing can be read any more.
   *
   * @param judge - what to tell a call; `ran` where its execution had begun.
   */
  answerAll(judge: (name: string, ran: boolean) => PypoolError): void {
    this.stop();
    for (const { open, ran } of this.#calls.takeAll()) {
      const { call, rung } = open;
      const death = judge(call.name, ran);
      const endedBy = this.#endedBy(open);
      if (endedBy === undefined) call.onError(death);
      else call.onError(open.ending === undefined ? endedBy : endedAt(endedBy, death.outcome, rung));
    }
  }

  #endedBy({ call, endedBy, ending, rung }: OpenCall): PypoolError | undefined {
    const wasLeft = ending === 'leave' && isHard(rung);
    return endedBy ?? (wasLeft ? leftBehind(call.name, this.#parts.workerId) : undefined);
  }

  #end(open: OpenCall, mode: Cancel['mode']): void {
    if (this.#stopped) return;
    if (open.ending !== 'interrupt') open.ending = mode;
    if (open.startedAt === undefined) this.#ladder.ask(open, mode);
    else this.#ladder.climb(open, mode, this.#cancelModes.get(open.call.name) ?? this.#usualCancelMode);
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
    const { call, endedBy, ending, rung } = open;
    if (endedBy !== undefined && this.#stopped) return; // its process is being ended; it answers when that is gone
    const error = type === FrameType.ERROR ? (said as PypoolError) : undefined;
    const wasCancelled = error?.code === 'aborted';
    if (ending !== undefined) this.#ladder.ended(open);
    // Before it is answered: whoever hears that has the next call ready.
    if (isHard(rung)) this.#parts.onMustEnd();
    else if (wasCancelled && error.outcome === 'finished') this.#countInterrupt();
    this.#calls.remove(open.id);
    if (endedBy !== undefined) {
      // Otherwise it is one whose value could not be decoded.
      const outcome = error?.outcome ?? 'finished';
      call.onError(ending === 'interrupt' ? endedAt(endedBy, outcome, rung) : endedBy);
    } else if (error !== undefined && !(ending === 'leave' && wasCancelled)) call.onError(error);
    else call.onResult(call.kind === 'stream' ? undefined : said);
  }

  #countInterrupt(): void {
    this.#interrupts += 1;
    if (this.#interrupts === this.#parts.maxInterrupts + 1) this.#parts.onWorn();
  }

  #begin(open: OpenCall): void {
    if (open.ending !== undefined) this.#end(open, open.ending);
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
      if (open.endedBy !== undefined) continue;
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
      message: `${call.name} ${what} after ${budgetMs} ms on worker ${workerId} (pid ${pid}).`,
      outcome: 'unknown',
      context: { function: call.name, budgetMs, workerId, pid },
    });
  }
}

/** Whether a call was ended in a way that its process is not to outlive. */
function isHard(rung: Rung | undefined): boolean {
  return rung !== undefined && rung !== 'interrupt';
}
