import type { ServerResponse } from 'node:http';
import type { CallEnd, ObservedCall, PoolEventName, PoolStatus } from '@pypool/pool';
import type { LogEvent } from '@pypool/worker';
import type { ComposedPool } from '../compose/compose-pool.js';
import { liveFailure, liveFunction, liveLog, livePool, liveWaiting } from './facts.js';
import { eventOf, Listener } from './listener.js';
import type { LiveFailure, LiveLog, LiveMessages, LiveMessageName } from './messages.js';
import { Recent } from './recent.js';
import { RecentSessions } from './recent-sessions.js';
import { residentMemory } from './resident-memory.js';
import { Seconds } from './seconds.js';
import { WorkerList } from './worker-list.js';

/** How far into a second the one before is told: late enough for timers that fire early. */
const INTO_SECOND_MS = 20;
const KEPT_FAILURES = 100;
const KEPT_LOGS = 300;

/** After these the workers, or the pool, look different. */
const WORKER_EVENTS = ['worker-starting', 'worker-ready', 'worker-retiring', 'worker-exit'] as const;
const POOL_EVENTS = [
  'circuit-open',
  'circuit-half-open',
  'circuit-closed',
  'reloaded',
  'reload-failed',
  'closing',
] as const;

/**
 * What happens in a pool, told to everybody who listens as {@link LiveMessages}.
 *
 * One timer for all listeners, and none while there are none: what ended and what was logged meanwhile is kept as it comes, in bounded memory.
 */
export class LiveFeed {
  readonly #composed: ComposedPool;
  readonly #startedAt = Date.now();
  readonly #listeners = new Set<Listener>();
  readonly #seconds = new Seconds(Date.now());
  readonly #failures = new Recent<LiveFailure>(KEPT_FAILURES);
  readonly #logs = new Recent<LiveLog>(KEPT_LOGS);
  readonly #workers = new WorkerList();
  readonly #sessions: RecentSessions;
  readonly #ends: (() => void)[] = [];
  /** What was told last of what is told when it has changed. */
  readonly #told = new Map<LiveMessageName, string>();
  #timer: NodeJS.Timeout | undefined;
  #sampledUntil = 0;

  constructor(composed: ComposedPool) {
    this.#composed = composed;
    const { pool, workers, catalogue, front } = composed;
    this.#sessions = new RecentSessions(front.sessions);
    const on = <Name extends PoolEventName>(
      name: Name,
      listener: Parameters<typeof pool.on<Name>>[1],
    ): void => {
      pool.on(name, listener);
      this.#ends.push(() => pool.off(name, listener));
    };
    // First, for the list has to know of it when it is asked.
    on('worker-exit', (event) => this.#workers.onExit(event, Date.now()));
    for (const name of WORKER_EVENTS) on(name, () => this.#lookAt((status) => this.#tellWorkers(status)));
    for (const name of POOL_EVENTS) on(name, () => this.#lookAt((status) => this.#tellChanges(status)));
    const onLog = (log: LogEvent): void => this.#onLog(log);
    workers.on('log', onLog);
    this.#ends.push(
      () => workers.off('log', onLog),
      catalogue.onChange(() => this.#tell('functions', this.#functions())),
      pool.observe({
        onSubmitted: (call) => {
          if (call.session !== undefined) this.#sessions.touched(call.session.id);
          return { onSettled: (end) => this.#onSettled(call, end) };
        },
      }),
    );
  }

  /** Tell a client, until it goes. Its response is ours from now on. */
  add(response: ServerResponse): void {
    const listener = new Listener(response, {
      onGone: () => this.#remove(listener),
      onCaughtUp: () => listener.send(eventsOf(this.#present(this.#composed.pool.status()))),
    });
    this.#listeners.add(listener);
    const now = Date.now();
    const status = this.#composed.pool.status();
    const history = {
      samples: this.#seconds.from(now - 300_000),
      failures: this.#failures.all,
      logs: this.#logs.all,
    };
    // At once: the history alone may be more than may wait, and what comes after it would be left out.
    listener.send(eventsOf({ history, ...this.#present(status) }));
    if (this.#timer === undefined) {
      this.#sampledUntil = now;
      this.#schedule();
      void this.#measure(status);
    }
  }

  /** What there is, of all that is told when it has changed. */
  #present(status: PoolStatus): Partial<LiveMessages> {
    return {
      pool: this.#pool(status),
      functions: this.#functions(),
      workers: this.#workers.all(status.workers, Date.now()),
      waiting: liveWaiting(status),
      sessions: this.#sessions.all,
    };
  }

  /** Let every listener go. Idempotent. */
  close(): void {
    for (const end of this.#ends.splice(0)) end();
    for (const listener of this.#listeners) listener.end();
    // What has ended is told nothing more, be it ever so slow to go.
    this.#listeners.clear();
    this.#stop();
  }

  #remove(listener: Listener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size === 0) this.#stop();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** By the clock and not by an interval, which would skip a second now and then. */
  #schedule(): void {
    const now = Date.now();
    const next = Math.floor((now - INTO_SECOND_MS) / 1_000) * 1_000 + 1_000 + INTO_SECOND_MS;
    this.#timer = setTimeout(() => {
      this.#tick();
      this.#schedule();
    }, next - now);
  }

  #tick(): void {
    const now = Date.now();
    const status = this.#composed.pool.status();
    this.#seconds.look(now, status);
    const since = Math.floor(this.#sampledUntil / 1_000) * 1_000;
    for (const sample of this.#seconds.from(since)) this.#tell('sample', sample);
    this.#sampledUntil = now;
    this.#tellWorkers(status);
    this.#tellChanges(status);
    void this.#measure(status);
  }

  /** For the next time that workers are told of: nobody waits for it. */
  async #measure({ workers }: PoolStatus): Promise<void> {
    const pids = workers.map(({ facts }) => facts['pid']);
    this.#workers.measured(await residentMemory(pids.filter((pid) => typeof pid === 'number')));
  }

  #onSettled({ name, session }: ObservedCall, { error, totalMs }: CallEnd): void {
    if (session !== undefined) this.#sessions.touched(session.id);
    const now = Date.now();
    // Whoever has given up a call has not failed.
    const failed = error !== undefined && error.code !== 'aborted';
    this.#seconds.ended(now, totalMs, failed);
    if (!failed) return;
    const failure = liveFailure(now, name, session?.id, error);
    this.#failures.add(failure);
    this.#tell('failure', failure);
  }

  #onLog(event: LogEvent): void {
    const log = liveLog(event);
    this.#logs.add(log);
    this.#tell('log', log);
  }

  /** Nothing is looked at for nobody. */
  #lookAt(tell: (status: PoolStatus) => void): void {
    if (this.#listeners.size > 0) tell(this.#composed.pool.status());
  }

  #tellWorkers({ workers }: PoolStatus): void {
    this.#tell('workers', this.#workers.all(workers, Date.now()));
  }

  #tellChanges(status: PoolStatus): void {
    this.#tellChanged('pool', this.#pool(status));
    this.#tellChanged('waiting', liveWaiting(status));
    this.#tellChanged('sessions', this.#sessions.all);
  }

  #tellChanged<Name extends LiveMessageName>(name: Name, data: LiveMessages[Name]): void {
    const text = JSON.stringify(data);
    if (this.#told.get(name) === text) return;
    this.#told.set(name, text);
    this.#tell(name, data);
  }

  #tell<Name extends LiveMessageName>(name: Name, data: LiveMessages[Name]): void {
    if (this.#listeners.size === 0) return;
    const event = eventOf(name, data);
    for (const listener of this.#listeners) listener.send(event);
  }

  #pool(status: PoolStatus): LiveMessages['pool'] {
    const { pool, workers } = this.#composed;
    return livePool(pool, status, workers.python.path, this.#startedAt);
  }

  #functions(): LiveMessages['functions'] {
    return [...this.#composed.catalogue.functions.values()].map(({ told }) => liveFunction(told));
  }
}

function eventsOf(messages: Partial<LiveMessages>): string {
  return Object.entries(messages)
    .map(([name, data]) => eventOf(name, data))
    .join('');
}
