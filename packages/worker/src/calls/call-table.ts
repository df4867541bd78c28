import type { Cancel, OutgoingCall, PypoolError } from '@pypool/protocol';
import type { CallInput } from './call-input.js';
import type { Rung } from './cancel-ladder.js';

/** How far a stream has come. */
export interface StreamFlow {
  /** When it last made an item or began, by `performance.now()`. */
  lastItemAt: number;
  /** Items sent and items ever allowed; and so for bytes. */
  items: number;
  granted: number;
  bytes: number;
  grantedBytes: number;
}

/** A call that was sent and not answered. Many are made: it has few fields. */
export interface OpenCall {
  readonly id: number;
  readonly call: OutgoingCall;
  /** When its execution began, by `performance.now()`; `undefined` while it waits for the calls before it. */
  startedAt: number | undefined;
  /** Why it is being ended; it answers with this, whatever it still says. */
  endedBy: PypoolError | undefined;
  /** It was asked back. Until the runtime has said of it, it may be dropped: then it holds nobody up. */
  asked: boolean;
  /** How it was asked to end: by its consumer, who left, or before its time. */
  ending: Cancel['mode'] | undefined;
  /** How far it was gone to end it; `undefined` while nothing has been done, or it has not begun. */
  rung: Rung | undefined;
  /** `undefined` for what is no stream. */
  readonly flow: StreamFlow | undefined;
  /** It was told that it cannot be made again. */
  spent: boolean;
  /** Iterables among its arguments. */
  readonly inputs: readonly CallInput[] | undefined;
}

/** A call that will have no answer of its own. */
export interface TakenCall {
  readonly open: OpenCall;
  /** Its execution may have begun. */
  readonly ran: boolean;
}

/**
 * The unanswered calls of one worker, in the order in which they were sent.
 *
 * The runtime starts calls strictly in that order, at most `concurrency` at once, and writes each answer before it starts the call that
 * waits for its place. So the first `concurrency` of the table are those that run, and of a dead worker's calls exactly these may have run.
 */
export class CallTable {
  readonly #concurrency: number;
  readonly #onStart: (open: OpenCall) => void;
  readonly #open = new Map<number, OpenCall>();
  #lastId = 0;
  /** All up to this id have begun, or were taken out. */
  #begun = 0;

  /** @param onStart - told of each call whose execution begins. */
  constructor(concurrency: number, onStart: (open: OpenCall) => void) {
    this.#concurrency = concurrency;
    this.#onStart = onStart;
  }

  get size(): number {
    return this.#open.size;
  }

  /** The id that the next call will have. Ids count up and are never used again. */
  get nextId(): number {
    return this.#lastId + 1;
  }

  /** Enter a call that was sent under {@link nextId}. */
  add(call: OutgoingCall, inputs?: readonly CallInput[]): OpenCall {
    const id = ++this.#lastId;
    const open: OpenCall = {
      id,
      call,
      startedAt: undefined,
      endedBy: undefined,
      asked: false,
      ending: undefined,
      rung: undefined,
      flow: call.kind === 'stream' ? flowOf(call) : undefined,
      spent: false,
      inputs,
    };
    this.#open.set(id, open);
    if (this.#open.size <= this.#concurrency) this.#start(open);
    return open;
  }

  get(id: number): OpenCall | undefined {
    return this.#open.get(id);
  }

  /** Find a call by what its owner holds. Not for the hot path: it looks through the open calls. */
  find(call: OutgoingCall): OpenCall | undefined {
    for (const open of this.#open.values()) if (open.call === call) return open;
    return undefined;
  }

  /** Take an answered call out; the call that waited for its place starts. */
  remove(open: OpenCall): void {
    stopInputs(open);
    this.#open.delete(open.id);
    if (open.startedAt !== undefined) this.#startNext();
  }

  /** Calls that run: the first `concurrency` of the table. */
  *running(): Generator<OpenCall> {
    let place = this.#concurrency;
    for (const open of this.#open.values()) {
      if (place-- === 0) return;
      yield open;
    }
  }

  /** Whether a call runs, and no other. */
  runsAlone(open: OpenCall): boolean {
    const [first, second] = this.running();
    return first === open && second === undefined;
  }

  /** Mark those of `calls` that wait, and were not asked back before. @returns their ids */
  askBack(calls: ReadonlySet<OutgoingCall>): number[] {
    const ids: number[] = [];
    for (const open of this.#open.values()) {
      if (open.startedAt !== undefined || open.asked || !calls.has(open.call)) continue;
      open.asked = true;
      ids.push(open.id);
    }
    return ids;
  }

  /**
   * Take all calls out, those marked that may have run. A call that was asked back may have been dropped, and with that those behind it have begun: so it
   * takes no place here from them.
   */
  takeAll(): TakenCall[] {
    let places = this.#concurrency;
    const all = [...this.#open.values()].map((open) => {
      const ran = places > 0;
      if (!open.asked) places -= 1;
      stopInputs(open);
      return { open, ran };
    });
    this.#open.clear();
    return all;
  }

  #startNext(): void {
    while (this.#begun < this.#lastId) {
      // One that is gone was given back.
      const next = this.#open.get(++this.#begun);
      if (next !== undefined) return this.#start(next);
    }
  }

  #start(open: OpenCall): void {
    this.#begun = open.id;
    startClock(open, performance.now());
    this.#onStart(open);
  }
}

/** Its execution begins, or rather began. */
export function startClock(open: OpenCall, now: number): void {
  open.startedAt = now;
  if (open.flow !== undefined) open.flow.lastItemAt = now;
}

function flowOf({ credit, creditBytes = Infinity }: OutgoingCall): StreamFlow {
  return { lastItemAt: 0, items: 0, granted: credit, bytes: 0, grantedBytes: creditBytes };
}

/** Whatever becomes of a call that leaves the table, nobody reads its inputs any more. */
function stopInputs(open: OpenCall): void {
  if (open.inputs === undefined) return;
  for (const input of open.inputs) input.stop();
}
