import type { OutgoingCall, PypoolError } from '@pypool/protocol';

import type { WorkerRequest } from '../../contract.js';
import type { PoolCore } from '../../pool-core.js';
import type { Attempt } from '../../call/attempt.js';
import { FakeClock } from '../fake-clock.js';
import type { FakeFactory, FakeWorker } from '../fake-worker.js';
import { hold } from './broken.js';
import { Dice } from './dice.js';
import { BUDGETS, drawFactory, drawPool, FUNCTIONS, IDEMPOTENT, quicken } from './draw-pool.js';
import { Entry, entryIdOf } from './entry.js';
import { whoIsGivenIsFirst } from './order.js';

/** Answers that a worker has given, as far back as one may be repeated. */
const REMEMBERED = 20;

/** One pool, its callers and its workers, with what each of them knows. */
export class Model {
  readonly dice: Dice;
  readonly clock = new FakeClock();
  readonly factory: FakeFactory;
  readonly core: PoolCore;
  /** By their number. */
  readonly entries: Entry[] = [];
  readonly open = new Set<Entry>();
  readonly streams = new Map<Entry, () => void>();
  /** Calls that were answered lately, by workers that may not know what is good for them. */
  readonly answered: OutgoingCall[] = [];
  reloads = 0;
  reloaded = 0;
  drains = 0;
  drained = 0;
  /** Most workers there might have been until now. */
  most: number;
  /** When the pool had its first worker. */
  clocksFrom: number | undefined;
  /** The first thing that somebody saw who cannot be heard from where he stands. */
  #trouble: Error | undefined;

  constructor(seed: number) {
    this.dice = new Dice(seed);
    this.factory = drawFactory(this.dice);
    this.factory.respond = (call) =>
      this.#see(() => {
        this.#entryOf(call).given(this.core.options.maxAttempts);
        whoIsGivenIsFirst(this.core, call as Attempt);
      });
    this.factory.told = (call, error, begun) => this.#told(call, error, begun);
    this.factory.gaveBack = (call) => this.#remember(call, (entry) => entry.notBegun());
    this.core = drawPool(this.dice, this.clock, this.factory);
    this.most = this.core.capacity.maximum;
    if (this.dice.chance(0.7)) quicken(this.core);
    this.core.events.on('worker-ready', () => (this.clocksFrom ??= this.clock.now()));
    this.core.reconcile();
  }

  /** @throws whatever a caller or a worker has seen that must not be */
  rethrow(): void {
    if (this.#trouble !== undefined) throw this.#trouble;
  }

  /** Somebody calls a function. */
  call(): void {
    const { options, entry } = this.#make('call');
    this.core.call(entry.name, this.#argsOf(entry), options).then(
      (value) => this.#settle(entry, () => entry.succeeded(value)),
      (error: PypoolError) => this.#settle(entry, () => entry.failed(error)),
    );
  }

  /** Somebody opens a stream, and takes its items for as long as it likes them. */
  stream(): void {
    const { options, entry } = this.#make('stream');
    const stream = this.core.stream(entry.name, this.#argsOf(entry), options);
    stream.finished.then(
      () => this.#settle(entry, () => entry.succeeded(undefined)),
      (error: PypoolError) => this.#settle(entry, () => entry.failed(error)),
    );
    this.streams.set(entry, () => {
      entry.unwanted = true;
      void stream.items.return();
    });
    const take = (): void => {
      stream.items.next().then(
        ({ done, value }) => {
          if (done === true) return;
          this.#see(() => entry.took(value));
          take();
        },
        () => {}, // told by `finished`
      );
    };
    take();
  }

  /** A worker sends an item of a stream, if it may: it has credit for 64. */
  item(call: OutgoingCall): void {
    const entry = this.#entryOf(call);
    if (entry.sent < 60) call.onItem(`${entry.id}:${entry.sent++}`);
  }

  /** A worker answers a call that runs. */
  answer(worker: FakeWorker, call: OutgoingCall): void {
    worker.answer(entryIdOf(call), call);
  }

  /** Somebody reloads: where that succeeds, no worker from before is left. */
  reload(): void {
    this.reloads += 1;
    const before = this.factory.started.length;
    const left = ({ request }: { request: WorkerRequest }): boolean =>
      this.factory.started.indexOf(request) < before;
    this.core.reload().then(
      () => {
        this.reloaded += 1;
        this.#see(() =>
          hold(!this.factory.alive.some(left), 'a reload is over, and a worker from before is left'),
        );
      },
      () => (this.reloaded += 1),
    );
  }

  drain(): void {
    this.drains += 1;
    void this.core.drain().then(() => (this.drained += 1));
  }

  #make(kind: 'call' | 'stream') {
    const { dice, core } = this;
    const id = this.entries.length;
    const name = FUNCTIONS[id % FUNCTIONS.length]!;
    const abort = new AbortController();
    const idempotent = dice.pick([true, false, undefined]);
    const timeoutMs = kind === 'stream' ? Infinity : dice.pick([undefined, undefined, undefined, 300, 0]);
    const options = {
      signal: abort.signal,
      attributes: { key: dice.below(3) },
      idempotent,
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(dice.chance(0.1) && { checkoutTimeoutMs: dice.pick([0, 100]) }),
      ...(core.options.queue.usesPriority && { priority: dice.below(3) }),
      ...(dice.chance(0.5) && { meta: { session: { id: String(dice.below(3)) } } }),
    };
    const mayRunTwice = idempotent ?? (this.factory.facts.length > 0 && name === IDEMPOTENT);
    const at = this.clock.now();
    const entry = new Entry(id, name, kind, at, timeoutMs ?? BUDGETS.timeoutMs, mayRunTwice, abort);
    this.entries.push(entry);
    this.open.add(entry);
    return { options, entry };
  }

  /** What it weighs while it waits is drawn with it. */
  #argsOf({ id }: Entry): readonly [number, string] {
    return [id, 'x'.repeat(this.dice.below(200))];
  }

  #entryOf(call: OutgoingCall): Entry {
    return this.entries[entryIdOf(call)]!;
  }

  #told(call: OutgoingCall, error: PypoolError | undefined, begun: boolean): void {
    this.#remember(call, (entry) => entry.told(error, begun));
  }

  #remember(call: OutgoingCall, tell: (entry: Entry) => void): void {
    tell(this.#entryOf(call));
    this.answered.push(call);
    if (this.answered.length > REMEMBERED) this.answered.shift();
  }

  #settle(entry: Entry, check: () => void): void {
    this.open.delete(entry);
    this.streams.delete(entry);
    this.#see(check);
  }

  #see(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#trouble ??= error as Error;
    }
  }
}
