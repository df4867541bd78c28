import type { PythonPool } from 'pypool';
import { ask, type Target } from '../load/one-call.js';
import type { Random } from '../random.js';

/** What the next start of a worker is to do, read by the handlers when they are imported. */
export type StartOrder = '' | 'hang' | 'raise';

/** What is done to workers, and how often of a hundred times. */
const WEIGHTS = {
  SIGKILL: 16,
  SIGSEGV: 8,
  SIGTERM: 4,
  'SIGSTOP, then SIGCONT': 10,
  'SIGSTOP for good': 6,
  'exit in a call': 8,
  'memory exhausted in a call': 8,
  'memory short from a call on': 6,
  'channel closed': 14,
  'garbage written': 14,
  'child left behind': 4,
  'hang at start': 4,
  'failing start': 4,
};

/** The name of something that is done to a worker. */
export type FaultKind = keyof typeof WEIGHTS;

/** Longest time between two faults, and how long one that is stopped for a while stands still. Unit: milliseconds. */
const REST_MS = 1_000;
const STANDSTILL_MS = 800;

const CHANNELS = ['requests', 'replies', 'control'] as const;

/** Does something bad to a random worker, again and again. */
export class Faults {
  readonly #target: Target;
  readonly #random: Random;
  readonly #onStart: (order: StartOrder) => void;
  readonly #calls = new Set<Promise<unknown>>();
  readonly #timers = new Set<NodeJS.Timeout>();
  /** How often each was done. */
  readonly counts = new Map<FaultKind, number>();

  /** @param onStart - sets what the next worker that starts does */
  constructor(target: Target, random: Random, onStart: (order: StartOrder) => void) {
    this.#target = target;
    this.#random = random;
    this.#onStart = onStart;
    this.#later(() => this.#next(), REST_MS);
  }

  /** Do no more. Resolves when the calls that did it have ended; what stands still for good does so. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#onStart('');
    await Promise.all(this.#calls);
  }

  #next(): void {
    const kind = this.#random.weighted(WEIGHTS);
    if (this.#strike(kind)) this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    this.#later(() => this.#next(), this.#random.between(0, REST_MS));
  }

  /** @returns whether there was a worker to do it to */
  #strike(kind: FaultKind): boolean {
    switch (kind) {
      case 'SIGKILL':
      case 'SIGSEGV':
      case 'SIGTERM':
        return this.#signal(kind);
      case 'SIGSTOP, then SIGCONT':
        return this.#signal('SIGSTOP', (pid) =>
          this.#later(
            () => {
              // By then the number may be another process's.
              if (readyPids(this.#target.pool).includes(pid)) process.kill(pid, 'SIGCONT');
            },
            this.#random.between(10, STANDSTILL_MS),
          ),
        );
      case 'SIGSTOP for good':
        return this.#signal('SIGSTOP');
      case 'exit in a call':
        return this.#call('exit_at_once', this.#random.below(3));
      case 'memory exhausted in a call':
        return this.#call('exhaust_memory', false);
      case 'memory short from a call on':
        return this.#call('exhaust_memory', true);
      case 'channel closed':
        return this.#call('close_channel', this.#random.pick(CHANNELS));
      case 'garbage written':
        return this.#call('write_garbage', this.#random.pick(CHANNELS), this.#garbage());
      case 'child left behind':
        return this.#call('leave_child');
      case 'hang at start':
        return this.#start('hang');
      case 'failing start':
        return this.#start('raise');
    }
  }

  #signal(signal: NodeJS.Signals, then?: (pid: number) => void): boolean {
    const [first, ...others] = readyPids(this.#target.pool);
    if (first === undefined) return false;
    const pid = this.#random.pick([first, ...others]);
    process.kill(pid, signal);
    then?.(pid);
    return true;
  }

  /** Call what breaks the worker that runs it. That call is judged as all are. */
  #call(name: string, ...args: readonly unknown[]): boolean {
    const settled = ask(this.#target, { kind: name, name, args });
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

  /** Have a start go wrong, and a worker to be replaced. */
  #start(order: StartOrder): boolean {
    this.#onStart(order);
    return this.#signal('SIGKILL');
  }

  #later(what: () => void, ms: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      what();
    }, ms);
    this.#timers.add(timer);
  }
}

/** The workers that serve now. Their processes are there: Node has not reaped them, or the pool would know. */
export function readyPids(pool: PythonPool): number[] {
  return pool
    .status()
    .workers.flatMap(({ state, facts }) =>
      state === 'ready' && typeof facts['pid'] === 'number' ? [facts['pid']] : [],
    );
}
