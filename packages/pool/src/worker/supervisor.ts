import type { PypoolError } from '@pypool/protocol';

import type { PoolWorker, PoolWorkerObserver, WorkerExit } from '../contract.js';
import { asPypoolError, poolClosed, startTimeout } from '../errors.js';
import { assertTellsMemory, limitsMemory } from '../lifecycle/memory-watch.js';
import type { ResolvedPoolOptions } from '../options/pool-options.js';
import type { LimitReached } from '../strategies/recycling.js';
import type { Roster } from './roster.js';
import { isLoss, lossOf, type RetireReason, WorkerRecord } from './worker-record.js';

/** Whom the supervisor tells; told after the roster has changed, and may change it again. */
export interface SupervisorOwner {
  onStarting(record: WorkerRecord): void;
  onReady(record: WorkerRecord): void;
  /** It never became ready. */
  onStartFailed(record: WorkerRecord, error: PypoolError): void;
  /** It says that it is better replaced. */
  onWorn(record: WorkerRecord): void;
  /** A ready worker takes no more calls. */
  onRetiring(record: WorkerRecord, reason: RetireReason, error: PypoolError | undefined): void;
  /** A worker that was up is reaped. */
  onExit(record: WorkerRecord, exit: WorkerExit): void;
  /** A start that had been given up is over. */
  reconcile(): void;
}

/** How a worker is retired. */
export interface RetireOptions {
  /** The limit it has reached. */
  readonly reached?: LimitReached | undefined;
  /** How long it may take to stop once it has nothing to do. @defaultValue `closeTimeoutMs` */
  readonly timeoutMs?: number;
}

/** Brings workers up and down, one at a time; how many there should be is decided elsewhere. Keeps the start budget. */
export class Supervisor {
  readonly #options: ResolvedPoolOptions;
  readonly #roster: Roster;
  readonly #owner: SupervisorOwner;
  readonly #starts = new Map<WorkerRecord, AbortController>();
  #started = 0;
  #generation = 0;

  constructor(options: ResolvedPoolOptions, roster: Roster, owner: SupervisorOwner) {
    this.#options = options;
    this.#roster = roster;
    this.#owner = owner;
  }

  /** Number of the last start. */
  get latest(): number {
    return this.#started;
  }

  /** What is started from now on is to be newer than all before. */
  renew(): void {
    this.#generation += 1;
  }

  start(): void {
    const { clock, factory, name, startTimeoutMs } = this.#options;
    const slot = this.#roster.freeSlot();
    this.#started += 1;
    const record = new WorkerRecord(`${name}-${slot}.${this.#started}`, slot, this.#started, clock.now());
    this.#roster.add(record);
    const abort = new AbortController();
    this.#starts.set(record, abort);
    this.#owner.onStarting(record);
    // A listener may have closed the pool.
    if (record.state.kind !== 'starting') return this.#gone(record);
    const timer = clock.after(startTimeoutMs, () => clock.afterInput(() => this.#late(record)));
    startWith(this.#options, record, () =>
      factory.start(
        { workerId: record.id, poolName: name, slot, generation: this.#generation },
        this.#observe(record),
        abort.signal,
      ),
    )
      .finally(() => timer.cancel())
      .then(
        (worker) => this.#arrived(record, worker),
        (error: unknown) => this.#failed(record, asPypoolError(error, `Starting worker ${record.id}`)),
      );
  }

  /** Let a ready worker finish what it has and stop. Ignored for one that leaves already: whoever lets several go tells of each, and a listener may have been faster. */
  retire(
    record: WorkerRecord,
    reason: RetireReason,
    { reached, timeoutMs = this.#options.closeTimeoutMs }: RetireOptions = {},
  ): void {
    if (record.state.kind !== 'ready') return;
    this.#retire(record, reason, undefined, reached);
    if (record.inFlight === 0) this.#stop(record, timeoutMs);
  }

  /** End a worker with its calls, for a limit that it may not go beyond. */
  evict(record: WorkerRecord, error: PypoolError, reached: LimitReached): void {
    if (record.state.kind === 'ready') this.#retire(record, 'recycled', error, reached);
    this.kill(record, error);
  }

  /** Give up a start: nobody needs it any more. */
  abandon(record: WorkerRecord, reason: RetireReason, error: PypoolError): void {
    if (record.state.kind === 'starting') this.#giveUp(record, reason, error);
  }

  /** A worker answered a call: one that leaves and has no other may stop. A lost one stops by itself. */
  vacated(record: WorkerRecord): void {
    const { state, inFlight } = record;
    if (inFlight === 0 && state.kind === 'retiring' && !isLoss(state.reason)) {
      this.#stop(record, this.#options.closeTimeoutMs);
    }
  }

  #stop(record: WorkerRecord, timeoutMs: number): void {
    void record.worker?.close({ timeoutMs }).then((exit) => this.#exited(record, exit));
  }

  /** A worker answered as only a dying one does: it gets no more calls, and is ended in case it did not know. */
  condemn(record: WorkerRecord, error: PypoolError): void {
    if (record.state.kind === 'ready') this.#retire(record, 'unavailable', error);
    this.kill(record, error);
  }

  /** End a worker that is up now, with its calls. */
  kill(record: WorkerRecord, error: PypoolError): void {
    if (record.state.kind === 'ready') this.#retire(record, 'closing', error);
    void record.worker?.kill(error).then((exit) => this.#exited(record, exit));
  }

  /** Give up every start under way. */
  abortStarts(): void {
    const error = poolClosed(this.#options.name, 'not-started');
    for (const record of [...this.#starts.keys()]) this.abandon(record, 'closing', error);
  }

  #retire(
    record: WorkerRecord,
    reason: RetireReason,
    error: PypoolError | undefined,
    reached?: LimitReached,
  ): void {
    this.#roster.move(record, { kind: 'retiring', since: this.#options.clock.now(), reason, reached });
    this.#owner.onRetiring(record, reason, error);
  }

  #late(record: WorkerRecord): void {
    if (record.state.kind !== 'starting') return;
    const error = startTimeout(record.id, this.#options.startTimeoutMs);
    this.#giveUp(record, 'start-timeout', error);
    this.#owner.onStartFailed(record, record.lateBy ?? error);
  }

  /** Its slot stays taken until the factory has answered: the process may be there still. */
  #giveUp(record: WorkerRecord, reason: RetireReason, error: PypoolError): void {
    this.#roster.move(record, { kind: 'retiring', since: this.#options.clock.now(), reason });
    this.#starts.get(record)?.abort(error);
  }

  #arrived(record: WorkerRecord, worker: PoolWorker): void {
    this.#starts.delete(record);
    record.worker = worker;
    const early = record.unavailableBy;
    if (record.state.kind !== 'starting') {
      // Too late for whoever wanted it.
      if (record.state.kind === 'retiring')
        this.kill(record, startTimeout(record.id, this.#options.startTimeoutMs));
    } else if (early !== undefined) {
      this.#roster.move(record, {
        kind: 'retiring',
        since: this.#options.clock.now(),
        reason: 'unavailable',
      });
      this.#owner.onStartFailed(record, early);
      void worker.kill(early).then((exit) => this.#exited(record, exit));
    } else {
      record.concurrency = worker.concurrency;
      if ((worker.functionFacts?.size ?? 0) > 0) record.functions = worker.functionFacts;
      record.idleSince = record.readySince = this.#options.clock.now();
      this.#roster.move(record, { kind: 'ready', since: record.readySince });
      this.#owner.onReady(record);
    }
  }

  #failed(record: WorkerRecord, error: PypoolError): void {
    if (record.state.kind !== 'starting') return this.#gone(record);
    this.#starts.delete(record);
    this.#roster.move(record, { kind: 'dead', since: this.#options.clock.now() });
    // One step, not two: between them the pool would start the next worker without the pause that this failure brings.
    this.#owner.onStartFailed(record, error);
  }

  /** The end of a start that was given up. Its worker may have come up all the same, and have been reaped before this was read. */
  #gone(record: WorkerRecord): void {
    this.#starts.delete(record);
    if (record.state.kind === 'dead') return;
    this.#roster.move(record, { kind: 'dead', since: this.#options.clock.now() });
    this.#owner.reconcile();
  }

  #observe(record: WorkerRecord): PoolWorkerObserver {
    return {
      onLate: (error) => {
        record.lateBy = error;
      },
      onUnavailable: (error) => {
        if (record.state.kind === 'starting') record.unavailableBy ??= error;
        else if (record.state.kind === 'ready') this.#retire(record, lossOf(error), error);
      },
      onWorn: (reached) => {
        record.wornBy ??= reached;
        this.#owner.onWorn(record);
      },
      onExit: (exit) => {
        if (record.state.kind === 'starting')
          record.unavailableBy ??= exit.error ?? asPypoolError(exit, `Worker ${record.id}`);
        else this.#exited(record, exit);
      },
    };
  }

  /** Reaped: told by the observer or by whoever asked it to stop, whichever comes first. */
  #exited(record: WorkerRecord, exit: WorkerExit): void {
    if (record.state.kind === 'dead') return;
    if (record.state.kind === 'ready') this.#retire(record, lossOf(exit.error), exit.error);
    this.#roster.move(record, { kind: 'dead', since: this.#options.clock.now() });
    this.#owner.onExit(record, exit);
  }
}

/** A factory may throw where it should reject; and a worker that cannot tell what it holds is none where that is limited. */
async function startWith(
  options: ResolvedPoolOptions,
  record: WorkerRecord,
  start: () => Promise<PoolWorker>,
): Promise<PoolWorker> {
  const worker = await start();
  if (!limitsMemory(options)) return worker;
  try {
    await assertTellsMemory(worker, record.id);
    return worker;
  } catch (error) {
    const why = record.unavailableBy ?? error;
    await worker.kill();
    throw why;
  }
}
