import type { FunctionFacts } from '@pypool/protocol';

import { CallList } from '../call/call-list.js';
import type { PendingCall } from '../call/pending-call.js';
import type { QueuedCall } from '../strategies/queue.js';

/** Calls of one function that may not all run at once. */
interface Line {
  readonly name: string;
  limit: number;
  running: number;
  /** Those whose turn came while as many ran as may; the first goes first. */
  readonly held: CallList<QueuedCall>;
}

/** A line as `status()` shows it. */
export type FunctionLine = Readonly<Pick<Line, 'name' | 'limit' | 'running' | 'held'>>;

/**
 * Functions of which only so many calls may run at once in the pool, however many workers it has.
 *
 * A call whose turn comes too early is held here, out of the way of those behind it, and goes before them once it may run.
 */
export class FunctionLimits {
  readonly #lines = new Map<string, Line>();
  /** Lines of which a held call may run. */
  readonly #ready = new Set<Line>();
  #held = 0;

  /** Whether any function has a limit. Asked first, for most pools have none. */
  get active(): boolean {
    return this.#lines.size > 0;
  }

  /** Whether a function has a limit. */
  has(name: string): boolean {
    return this.#lines.has(name);
  }

  /** Calls that are held. */
  get held(): number {
    return this.#held;
  }

  /** Held calls that may run now. */
  get eligible(): number {
    let eligible = 0;
    for (const { held, limit, running } of this.#ready) eligible += Math.min(held.size, limit - running);
    return eligible;
  }

  get lines(): Iterable<FunctionLine> {
    return this.#lines.values();
  }

  /**
   * Go by what the newest worker says of its functions.
   *
   * @param running how many calls of a name run now
   * @returns calls that no limit holds any more, the first first
   */
  describe(functions: ReadonlyMap<string, FunctionFacts>, running: (name: string) => number): PendingCall[] {
    for (const [name, { concurrency: limit }] of functions) {
      if (limit === undefined) continue;
      const line = this.#lines.get(name);
      if (line === undefined) {
        this.#lines.set(name, { name, limit, running: running(name), held: new CallList() });
      } else {
        line.limit = limit;
        this.#look(line);
      }
    }
    const free: PendingCall[] = [];
    for (const line of this.#lines.values()) {
      if (functions.get(line.name)?.concurrency !== undefined) continue;
      free.push(...this.#empty(line));
      this.#lines.delete(line.name);
    }
    return free;
  }

  /** Whether a call may run now, as far as its function goes. */
  mayRun({ name }: PendingCall): boolean {
    const line = this.#lines.get(name);
    return line === undefined || line.running < line.limit;
  }

  /** Keep a call until it may run. @param first it was held before, and goes before the others again */
  hold(call: PendingCall, first = false): void {
    const line = this.#lines.get(call.name)!;
    if (first) line.held.unshift(call);
    else line.held.push(call);
    this.#held += 1;
    this.#look(line);
  }

  /** Take the next call that may run. */
  take(): PendingCall | undefined {
    for (const line of this.#ready) {
      const call = line.held.first as PendingCall;
      this.remove(call);
      return call;
    }
    return undefined;
  }

  /** Take out a call that is held. */
  remove(call: PendingCall): void {
    const line = this.#lines.get(call.name)!;
    line.held.remove(call);
    this.#held -= 1;
    this.#look(line);
  }

  /** Take out all that are held. */
  clear(): PendingCall[] {
    return [...this.#lines.values()].flatMap((line) => this.#empty(line));
  }

  /** A call began to run, whether it was ever held or not. */
  started({ name }: PendingCall): void {
    this.#run(name, 1);
  }

  /** It has been answered. */
  ended({ name }: PendingCall): void {
    this.#run(name, -1);
  }

  #run(name: string, change: 1 | -1): void {
    const line = this.#lines.get(name);
    if (line === undefined) return;
    line.running += change;
    this.#look(line);
  }

  #empty(line: Line): PendingCall[] {
    this.#held -= line.held.size;
    this.#ready.delete(line);
    return line.held.clear() as PendingCall[];
  }

  #look(line: Line): void {
    if (line.held.size > 0 && line.running < line.limit) this.#ready.add(line);
    else this.#ready.delete(line);
  }
}
