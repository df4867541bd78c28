import {
  callInputs,
  encodeCallEnvelope,
  encodeMessage,
  FrameType,
  isPypoolError,
  type CallIds,
  type Cancel,
  type ExposedFunction,
  type Frame,
  type OutgoingCall,
  type Pull,
  type PypoolError,
} from '@pypool/protocol';
import type { CallInput } from './call-input.js';
import { openInputs } from './open-inputs.js';
import { creditBytesOf } from './credit-bytes.js';
import { metaOf } from './call-meta.js';
import { CallBudgets, maySend } from './call-budgets.js';
import { CallStacks } from './call-stacks.js';
import { CallTable, type OpenCall } from './call-table.js';
import { CancelModes } from './cancel-modes.js';
import { CancelLadder, isHard, type HardRung } from './cancel-ladder.js';
import { EndedCalls, type Judge } from './ended-calls.js';
import { endedAt, noInputs, notSent, protocolViolation } from './errors.js';
import { readInto } from './into.js';
import { ownBuffers } from './own-buffers.js';
import type { CallRunnerParts } from './parts.js';
import { readReply } from './read-reply.js';
import type { RunningFacts } from '../stacks/dump-worker.js';

/**
 * The calls of one worker: how they are sent, what they are answered with, how long they may take.
 *
 * It knows nothing of how the process lives and dies; when that is over, {@link CallRunner.answerAll} settles what is left. A call costs one
 * frame and one entry of a table: no promise, timer, closure or event.
 */
export class CallRunner {
  readonly #parts: CallRunnerParts;
  readonly #calls: CallTable;
  readonly #budgets: CallBudgets;
  readonly #ladder: CancelLadder;
  readonly #stacks: CallStacks;
  readonly #modes: CancelModes;
  readonly #ended: EndedCalls;
  #canRevoke = false;
  #canInput = false;
  #interrupts = 0;
  #stopped = false;

  constructor(parts: CallRunnerParts) {
    this.#parts = parts;
    this.#calls = new CallTable(parts.concurrency, (open) => this.#begin(open));
    this.#budgets = new CallBudgets(this.#calls, parts, (call, error) => this.cancel(call, error));
    this.#modes = new CancelModes(parts.engine);
    this.#stacks = new CallStacks(parts.inspector, (open) => this.#calls.runsAlone(open));
    const { graces, connection, concurrency } = parts;
    this.#ladder = new CancelLadder({
      graces,
      connection,
      concurrency,
      // Python looks at signals on its main thread alone.
      firstHardRung: parts.engine === 'threads' ? 'sigterm' : 'sigint',
      running: () => Math.min(this.#calls.size, concurrency),
      yields: parts.onYield,
      prepare: (rung, then) => this.#prepare(rung, then),
      signal: parts.signal,
      end: parts.onMustEnd,
    });
    this.#ended = new EndedCalls(parts.workerId, this.#ladder, this.#stacks);
  }

  /** What READY said of the functions, and HELLO of what the runtime can do. */
  describe(functions: readonly ExposedFunction[], capabilities: readonly string[]): void {
    this.#modes.describe(functions, capabilities.includes('interrupt'));
    this.#canRevoke = capabilities.includes('revoke');
    this.#canInput = capabilities.includes('input');
  }

  /** Begin a call. Never throws; one that cannot be sent is answered with why, and nothing of it is sent. */
  run(call: OutgoingCall): void {
    const id = this.#calls.nextId;
    const waits = this.#calls.size >= this.#parts.concurrency;
    let inputs: readonly CallInput[] | undefined;
    try {
      const found = callInputs(call.args);
      if (found !== undefined) {
        if (!this.#canInput) throw noInputs(call.name);
        inputs = openInputs(found, id, this.#parts);
      }
      const { envelope, tagged, buffers } = encodeCallEnvelope(
        this.#parts.codec,
        call.name,
        found === undefined ? call.args : found.args,
        metaOf(call, found),
      );
      this.#parts.connection.requests.send({
        type: FrameType.CALL,
        tagged,
        callId: id,
        envelope,
        // A call that waits in the worker may be given back, and then its caller has its memory again, before its frame has been read.
        buffers: waits && buffers.length > 0 ? ownBuffers(buffers) : buffers,
      });
    } catch (error) {
      call.onError(notSent(error, call.name));
      return;
    }
    const open = this.#calls.add(call, inputs);
    this.#budgets.sent(open);
  }

  /** End a call: it answers with `error`, and with what became of it, when its work has ended. The first reason holds. */
  cancel(call: OutgoingCall, error: PypoolError): void {
    const open = this.#calls.find(call);
    if (open === undefined) return;
    open.endedBy ??= error;
    const isOver = error.category === 'timeout' && open.startedAt !== undefined && open.rung === undefined;
    if (isOver && !this.#stopped) this.#stacks.take(open);
    this.#end(open, 'interrupt');
  }

  /** Ask for those of `calls` back that wait. Each is told, or else answered as ever. Only where the runtime can give calls back. */
  revoke(calls: Iterable<OutgoingCall>): void {
    if (!this.#canRevoke || this.#stopped) return;
    const ids = this.#calls.askBack(new Set(calls));
    if (ids.length === 0) return;
    this.#parts.connection.control.send(encodeMessage(FrameType.REVOKE, { ids }));
  }

  /** Its process is ending: who is asked for calls now reads that no more. What was asked before, holds. */
  revokeNoMore(): void {
    this.#canRevoke = false;
  }

  /**
   * The runtime has given calls back.
   *
   * @throws PypoolError `protocol` for one that it was not asked for, or has answered.
   */
  onRevoked({ ids }: CallIds): void {
    for (const id of ids) {
      const open = this.#calls.get(id);
      if (open?.asked !== true) {
        throw protocolViolation(this.#parts.workerId, `call ${id} given back, which was not asked for`);
      }
      this.#giveBack(open);
    }
  }

  /** The consumer of a stream left: it ends between two items, or where it is, and then answers. */
  leave(call: OutgoingCall): void {
    const open = this.#calls.find(call);
    if (open !== undefined) this.#end(open, 'leave');
  }

  /**
   * A handler reads an input.
   *
   * @throws PypoolError `protocol` for one that its call does not have.
   */
  onPull(callId: number, { input, n, bytes }: Pull): void {
    const open = this.#calls.get(callId);
    if (open === undefined) return; // it has ended
    const one = open.inputs?.[input];
    if (one === undefined)
      throw protocolViolation(this.#parts.workerId, `call ${callId} has no input ${input}`);
    this.#spend(open);
    one.pull(n, bytes);
  }

  /** Allow a stream more items. */
  grant(call: OutgoingCall, items: number, bytes: number): void {
    const open = this.#calls.find(call);
    if (open?.flow === undefined) return;
    const { flow } = open;
    if (!maySend(flow)) flow.lastItemAt = performance.now(); // it stood still for want of credit
    flow.granted += items;
    flow.grantedBytes += bytes;
    const credit = bytes > 0 ? { n: items, bytes } : { n: items };
    this.#parts.connection.control.send(encodeMessage(FrameType.CREDIT, credit, open.id));
    this.#budgets.granted(open);
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
      const whole = frame.buffers.length > 0 ? readInto(frame, this.#intoOf(open)) : frame;
      said = readReply(whole, open.call, this.#parts);
    } catch (error) {
      // A value of a type that is not registered here is the trouble of this call alone.
      if (!isPypoolError(error) || error.code !== 'unencodable') throw error;
      open.endedBy ??= error;
      if (frame.type === FrameType.ITEM) this.#end(open, 'leave');
    }
    if (frame.type === FrameType.ITEM) this.#pass(open, said as readonly unknown[], creditBytesOf(frame));
    else this.#answer(open, frame.type, said);
  }

  /** Memory of its caller's for the result of a call, as long as it may be written to. For whoever writes there now, and for nobody else. */
  intoOf(callId: number): ArrayBufferView | undefined {
    const open = this.#calls.get(callId);
    return open && this.#intoOf(open);
  }

  /** Calls that have no answer. */
  get size(): number {
    return this.#calls.size;
  }

  /** The calls that run. */
  get running(): RunningFacts[] {
    const epoch = Date.now() - performance.now();
    return [...this.#calls.running()].map(({ id, call: { kind, name }, startedAt = 0 }) => ({
      id,
      kind,
      name,
      since: Math.round(epoch + startedAt),
    }));
  }

  /** Why the process is being ended, or takes no more calls, where that is for the sake of a call. */
  get endedFor(): PypoolError | undefined {
    return this.#ended.endedFor;
  }

  /** The process is ending: no budget matters any more, and who was ended waits until it has. */
  stop(): void {
    this.#stopped = true;
    this.#budgets.stop();
    this.#ladder.stop();
    this.#stacks.stop();
  }

  /** Answer whatever is left, when nothing can be read any more. */
  answerAll(judge: Judge): void {
    this.stop();
    this.#ended.answer(this.#calls.takeAll(), judge);
  }

  /** `SIGINT` reaches Python only when C code lets it; before anything that ends the process, its stacks have to be written. */
  #prepare(rung: HardRung, then: () => void): void {
    if (rung !== 'sigkill') this.#stacks.force();
    if (rung === 'sigint') then();
    else this.#stacks.whenTold(then);
  }

  #end(open: OpenCall, mode: Cancel['mode']): void {
    // First, and whatever is still to come: whoever ends it knows no better than its worker's end what became of it.
    if (open.ending !== 'interrupt') open.ending = mode;
    if (this.#stopped) return;
    if (open.startedAt === undefined) {
      this.#ladder.ask(open, mode);
      // An answer that need not wait for those before it.
      this.revoke([open.call]);
    } else this.#ladder.climb(open, mode, this.#modes.of(open.call.name));
  }

  #pass(open: OpenCall, items: readonly unknown[], bytes: number): void {
    const { endedBy, flow, call } = open;
    if (endedBy !== undefined || flow === undefined) return;
    const last = items.length - 1;
    flow.items += items.length;
    flow.bytes += bytes;
    if (call.itemTimeoutMs !== Infinity) flow.lastItemAt = performance.now();
    for (let at = 0; at <= last; at += 1) call.onItem(items[at], at === last ? bytes : 0);
  }

  #answer(open: OpenCall, type: number, said: unknown): void {
    const { call, endedBy, ending, rung } = open;
    if (endedBy !== undefined && this.#stopped) {
      // Its process is being ended; it answers when that is gone. The next of the table may have begun.
      this.#calls.remove(open);
      this.#ended.keep(open, true);
      return;
    }
    const error = type === FrameType.ERROR ? (said as PypoolError) : undefined;
    const wasCancelled = error?.code === 'aborted';
    const wasHit = wasCancelled && ending === undefined && this.#ladder.process.rung !== undefined;
    // Before it is answered: whoever hears that has the next call ready.
    if (isHard(rung) || wasHit) this.#parts.onMustEnd();
    else if (wasCancelled && error.outcome === 'finished') this.#countInterrupt(call.name);
    this.#calls.remove(open);
    if (ending !== undefined || this.#ladder.process.yielded) this.#ran(open);
    if (wasHit) this.#ended.keep(open, true);
    else if (endedBy !== undefined) {
      // Otherwise it is one whose value could not be decoded.
      const outcome = error?.outcome ?? 'finished';
      const how = outcome === 'unknown' ? 'batch' : rung;
      if (ending !== 'interrupt') call.onError(endedBy);
      else this.#stacks.answer(open, (stack) => call.onError(endedAt(endedBy, outcome, how, stack)));
    } else if (error !== undefined && !(ending === 'leave' && wasCancelled)) call.onError(error);
    else call.onResult(call.kind === 'stream' ? undefined : said);
  }

  /** It has not run, although its place may have seemed free meanwhile. */
  #giveBack(open: OpenCall): void {
    const { call, endedBy, ending, rung } = open;
    if (isHard(rung)) this.#parts.onMustEnd();
    this.#calls.remove(open);
    if (ending !== undefined || this.#ladder.process.yielded) this.#ran(open);
    if (endedBy !== undefined && this.#stopped) this.#ended.keep(open, false);
    else if (endedBy !== undefined) call.onError(endedAt(endedBy, 'not-started', undefined));
    else if (ending === 'leave') call.onResult(undefined);
    else call.onRevoked?.();
  }

  #ran(open: OpenCall): void {
    this.#ladder.answered(open);
    if (this.#ladder.process.yielded && this.#calls.size === 0) this.#parts.onVacated();
  }

  #countInterrupt(name: string): void {
    if (!this.#modes.wears(name)) return;
    this.#interrupts += 1;
    if (this.#interrupts === this.#parts.maxInterrupts + 1) this.#parts.onWorn();
  }

  #intoOf(open: OpenCall): ArrayBufferView | undefined {
    const { into } = open.call;
    // What its arguments share with it cannot be told of all: a registered type or a `toJSON` may be made of that memory.
    if (into !== undefined) this.#spend(open);
    return into;
  }

  #spend(open: OpenCall): void {
    if (open.spent) return;
    open.spent = true;
    open.call.onSpent?.();
  }

  #begin(open: OpenCall): void {
    if (open.ending !== undefined) this.#end(open, open.ending);
    open.call.onStart();
    this.#budgets.begun(open);
  }
}
