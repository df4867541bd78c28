import type { PythonPool, WorkerStatus } from 'pypool';
import type { Ledger } from '../ledger/ledger.js';
import type { CallRecords } from '../load/call-records.js';
import { ask, type Target } from '../load/one-call.js';
import { Deck, type Random } from '../random.js';
import { forkServers } from './fork-servers.js';
import type { StartOrder, StartOrders } from './start-orders.js';

/** What is done to workers, and how often in each round. */
const NUMBERS = {
  SIGKILL: 8,
  SIGSEGV: 4,
  SIGTERM: 2,
  'SIGSTOP, then SIGCONT': 5,
  'SIGSTOP for good': 3,
  'exit in a call': 4,
  'memory exhausted in a call': 4,
  'memory short from a call on': 3,
  'channel closed': 7,
  'garbage written': 7,
  'child left behind': 2,
  'hang at start': 2,
  'failing start': 2,
  'fork server killed': 3,
};

/** The name of something that is done to a worker. */
export type FaultKind = keyof typeof NUMBERS;

const KINDS = Object.keys(NUMBERS) as FaultKind[];

/** Longest time between two faults, unless told otherwise, and how long one that is stopped for a while stands still. Unit: milliseconds. */
const REST_MS = 1_000;
const STANDSTILL_MS = 800;

/** A call that has run for so long is no short one, and one that has run for much longer may never end. Unit: milliseconds. */
const AMID_CALL_MS = 3;
const STANDING_STILL_MS = 200;

/** How faults are made. */
export interface FaultOptions {
  readonly orders: StartOrders;
  /** Longest rest between two. Unit: milliseconds. @defaultValue 1000 */
  readonly restMs?: number | undefined;
  /** Whether workers are forked. */
  readonly hasForkServer: boolean;
}

const CHANNELS = ['requests', 'replies', 'control'] as const;

/** Does something bad to a random worker, again and again. */
export class Faults {
  readonly #target: Target;
  readonly #random: Random;
  readonly #restMs: number;
  readonly #deck: Deck<FaultKind>;
  readonly #orders: StartOrders;
  readonly #calls = new Set<Promise<unknown>>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #struck = new Map<FaultKind, number>();
  /** Starts that were under way when their fork server was killed: they may fail. */
  interruptedStarts = 0;
  /** Drawn, and there was no worker to do it to. */
  #kept: FaultKind | undefined;

  constructor(target: Target, random: Random, { orders, restMs = REST_MS, hasForkServer }: FaultOptions) {
    this.#target = target;
    this.#orders = orders;
    this.#deck = new Deck({ ...NUMBERS, ...(!hasForkServer && { 'fork server killed': 0 }) });
    this.#random = random;
    this.#restMs = restMs;
    this.#later(() => this.#next(), restMs);
  }

  /** Starts that were told to fail at once, or that were cut short. */
  get failingStarts(): number {
    return this.#orders.taken('raise') + this.interruptedStarts;
  }

  /** Do no more. Resolves when the calls that did it have ended; what stands still for good does so. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#orders.withdraw();
    await Promise.all(this.#calls);
  }

  /** How often each was really done: a call that breaks its worker may never have come to run. */
  counts(calls: CallRecords, ledger: Ledger): ReadonlyMap<FaultKind, number> {
    const counts = new Map<string, number>(KINDS.map((kind) => [kind, this.#struck.get(kind) ?? 0]));
    for (let seq = 1; seq <= calls.made; seq += 1) {
      const count = counts.get(calls.kind(seq));
      if (count !== undefined && ledger.starts(seq) > 0) counts.set(calls.kind(seq), count + 1);
    }
    counts.set('hang at start', this.#orders.taken('hang'));
    counts.set('failing start', this.#orders.taken('raise'));
    return counts as Map<FaultKind, number>;
  }

  #next(): void {
    this.#kept ??= this.#deck.draw(this.#random);
    if (this.#strike(this.#kept)) this.#kept = undefined;
    this.#later(() => this.#next(), this.#random.between(0, this.#restMs));
  }

  /** @returns whether there was a worker to do it to */
  #strike(kind: FaultKind): boolean {
    switch (kind) {
      case 'SIGKILL':
      case 'SIGSEGV':
      case 'SIGTERM':
        return this.#signal(kind, kind);
      case 'SIGSTOP, then SIGCONT':
        return this.#signal(kind, 'SIGSTOP', (pid) =>
          this.#later(
            () => {
              // By then the number may be another process's.
              if (readyPids(this.#target.pool).includes(pid)) process.kill(pid, 'SIGCONT');
            },
            this.#random.between(10, STANDSTILL_MS),
          ),
        );
      case 'SIGSTOP for good':
        return this.#signal(kind, 'SIGSTOP');
      case 'exit in a call':
        return this.#call(kind, 'exit_at_once', this.#random.below(3));
      case 'memory exhausted in a call':
        return this.#call(kind, 'exhaust_memory', false);
      case 'memory short from a call on':
        return this.#call(kind, 'exhaust_memory', true);
      case 'channel closed':
        return this.#call(kind, 'close_channel', this.#random.pick(CHANNELS));
      case 'garbage written':
        return this.#call(kind, 'write_garbage', this.#random.pick(CHANNELS), this.#garbage());
      case 'child left behind':
        return this.#call(kind, 'leave_child');
      case 'hang at start':
        return this.#start('hang');
      case 'failing start':
        return this.#start('raise');
      case 'fork server killed':
        return this.#killForkServer();
    }
  }

  #signal(kind: FaultKind | undefined, signal: NodeJS.Signals, then?: (pid: number) => void): boolean {
    const pid = this.#victim();
    if (pid === undefined) return false;
    process.kill(pid, signal);
    if (kind !== undefined) this.#count(kind);
    then?.(pid);
    return true;
  }

  /** A worker that serves. Every other time one that is in the middle of a call, where there is one: short calls are between two mostly. */
  #victim(): number | undefined {
    const { pool } = this.#target;
    const amid = this.#random.chance(0.5) ? readyPids(pool, isAmidCall) : [];
    const [first, ...others] = amid.length > 0 ? amid : readyPids(pool);
    return first === undefined ? undefined : this.#random.pick([first, ...others]);
  }

  /** Call what breaks the worker that runs it. That call is judged as all are. */
  #call(kind: FaultKind, name: string, ...args: readonly unknown[]): boolean {
    const settled = ask(this.#target, { kind, name, args });
    this.#calls.add(settled);
    void settled.finally(() => this.#calls.delete(settled));
    return true;
  }

  /** Bytes that are no frame, or the header of one whose envelope is then whatever comes next. */
  #garbage(): Uint8Array {
    if (this.#random.chance(0.7)) return this.#random.bytes(this.#random.pick([1, 3, 16, 100, 5_000]));
    const type = this.#random.pick([1, 2, 4, 21, 27]); // CALL, RESULT, ITEM, PONG, LOG
    return Uint8Array.of(200, 3, 0, 0, type, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0);
  }

  /** Have a worker replaced by one whose start goes wrong. */
  #start(order: StartOrder): boolean {
    if (!this.#signal(undefined, 'SIGKILL')) return false;
    this.#orders.give(order);
    return true;
  }

  /** Its workers end with it, and the next start imports anew. */
  #killForkServer(): boolean {
    const { pool } = this.#target;
    const workers = readyPids(pool);
    const [first, ...others] = forkServers(workers);
    // With 'auto' they may have been started one by one after all.
    if (first === undefined) return workers.length > 0;
    this.interruptedStarts += pool.status().workers.filter(({ state }) => state === 'starting').length;
    process.kill(this.#random.pick([first, ...others]), 'SIGKILL');
    this.#count('fork server killed');
    return true;
  }

  #count(kind: FaultKind): void {
    this.#struck.set(kind, (this.#struck.get(kind) ?? 0) + 1);
  }

  #later(what: () => void, ms: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      what();
    }, ms);
    this.#timers.add(timer);
  }
}

/** The workers that serve now, or those of them of which something is so. Their processes are there: Node has not reaped them, or the pool would know. */
export function readyPids(pool: PythonPool, isSo: (worker: WorkerStatus) => boolean = () => true): number[] {
  return pool
    .status()
    .workers.filter((worker) => worker.state === 'ready' && isSo(worker))
    .flatMap(({ facts }) => (typeof facts['pid'] === 'number' ? [facts['pid']] : []));
}

/** Whether a worker has just run a call for longer than the short ones take. What runs for very long stands still. */
function isAmidCall({ running }: WorkerStatus): boolean {
  const now = Date.now();
  return running.some(({ since }) => now - since >= AMID_CALL_MS && now - since <= STANDING_STILL_MS);
}
