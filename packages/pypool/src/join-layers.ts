import { functionsOf, POOL_EVENT_NAMES, type CallFunctions, type Pool, type PoolEvents } from '@pypool/pool';
import { checkListener } from '@pypool/protocol';
import type { SessionPool } from '@pypool/sessions';
import type { PythonWorkers, WorkerEvents } from '@pypool/worker';

/** Everything that a pool of Python workers tells, by event. */
export type PythonPoolEvents = PoolEvents & WorkerEvents;

/** A pool of Python workers with sessions in front of it. */
export interface PythonPool extends Omit<Pool, 'on' | 'off'>, Omit<SessionPool, 'close'> {
  /** The interpreter that the workers run on, and how it was found. */
  readonly python: PythonWorkers['python'];
  /** A typed proxy over `call`: `await py.embed('hello')` is `await pool.call('embed', ['hello'])`. */
  functions<Api>(): CallFunctions<Api>;
  /**
   * Listen; the same listener is added once. One that throws is an uncaught exception of its own and disturbs nobody.
   *
   * @throws UsageError `invalid-arguments` for an event that there is not, or a listener that is no function
   */
  on<Name extends keyof PythonPoolEvents>(
    event: Name,
    listener: (event: PythonPoolEvents[Name]) => void,
  ): void;
  /** Listen no more. */
  off<Name extends keyof PythonPoolEvents>(
    event: Name,
    listener: (event: PythonPoolEvents[Name]) => void,
  ): void;
}

/** What of the workers shows in the pool. */
export type VisibleWorkers = Pick<PythonWorkers, 'python' | 'on' | 'off'>;

/** Make one object of the layers, for its users. */
export function joinLayers(pool: Pool, workers: VisibleWorkers, withSessions: SessionPool): PythonPool {
  const isOfWorkers = (event: string): event is keyof WorkerEvents => Object.hasOwn(WORKER_EVENTS, event);
  const close: PythonPool['close'] = async (options) => {
    try {
      await pool.close(options);
    } finally {
      // Options that there are not close nothing; a factory that cannot be closed leaves a pool that is.
      if (pool.status().state === 'closed') withSessions.close();
    }
  };
  return {
    name: pool.name,
    python: workers.python,
    call: (name, args, options) => pool.call(name, args, options),
    get places() {
      return pool.places;
    },
    map: (name, items, options) => pool.map(name, items, options),
    stream: (name, args, options) => pool.stream(name, args, options),
    functions: <Api>() => functionsOf<Api>(pool),
    session: (id, options) => withSessions.session(id, options),
    sessions: withSessions.sessions,
    executeInSession: (id, command, args, options) =>
      withSessions.executeInSession(id, command, args, options),
    executeAnonymous: (command, args, options) => withSessions.executeAnonymous(command, args, options),
    ready: () => pool.ready(),
    reload: () => pool.reload(),
    resize: (size) => pool.resize(size),
    drain: () => pool.drain(),
    close,
    [Symbol.asyncDispose]: () => close(),
    status: () => pool.status(),
    dump: (workerId) => pool.dump(workerId),
    stats: () => pool.stats(),
    health: () => pool.health(),
    on(event, listener) {
      checkListener(event, listener, EVENT_NAMES);
      if (isOfWorkers(event)) workers.on(event, listener as never);
      else pool.on(event, listener as never);
    },
    off(event, listener) {
      if (isOfWorkers(event)) workers.off(event, listener as never);
      else pool.off(event, listener as never);
    },
    observe: (observer) => pool.observe(observer),
  };
}

/** The events that come from the workers; the type says when one is missing here. */
const WORKER_EVENTS: Readonly<Record<keyof WorkerEvents, true>> = {
  output: true,
  log: true,
  'thread-exception': true,
  suggestion: true,
  'worker-suspect': true,
  'worker-recovered': true,
  'shared-memory-refused': true,
  'guardian-lost': true,
  'launcher-fallback': true,
  'fork-server-lost': true,
};

const EVENT_NAMES: readonly string[] = [...POOL_EVENT_NAMES, ...Object.keys(WORKER_EVENTS)];
