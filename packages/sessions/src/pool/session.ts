import { functionsOf, mapCalls } from '@pypool/pool';
import type {
  CallFunctions,
  MapCaller,
  MapItems,
  MapOptions,
  PoolCallOptions,
  PoolMap,
  PoolStream,
} from '@pypool/pool';
import { isPlainObject } from '@pypool/protocol';

import type { SessionRegistry } from '../registry/registry.js';
import type { SessionOperation } from '../registry/session-operation.js';
import type { SessionInfo, SessionMetadata } from '../registry/session.js';
import type { CallingPool } from './calling-pool.js';
import { failedStream, TrackedStream } from './tracked-stream.js';

/**
 * A door to the pool for one session id: what goes through it is counted under the session, and the handler sees id and metadata.
 *
 * It holds nothing. Several may stand for the same id, and one stays usable after its session is over: its next call begins the
 * session again, with the metadata that this door was made with.
 */
export interface Session {
  readonly id: string;
  /** As the pool's. Rejects with `session-limit` where the session is new and there are too many, `pool-closed` once the session pool is. */
  call<T = unknown>(name: string, args?: unknown, options?: PoolCallOptions): Promise<T>;
  /** As the pool's. Fails with `session-limit` where the session is new and there are too many, `pool-closed` once the session pool is. */
  stream<T = unknown>(name: string, args?: unknown, options?: PoolCallOptions): PoolStream<T>;
  /** As the pool's; each of its calls is an operation of the session. */
  map<T = unknown, Item = unknown>(
    name: string,
    items: MapItems<Item>,
    options?: MapOptions<Item>,
  ): PoolMap<T>;
  /** A typed proxy over `call`. */
  functions<Api>(): CallFunctions<Api>;
  /** What is known of the session now; `undefined` where it is not open. */
  info(): SessionInfo | undefined;
  /** End the session; whether it was open. Calls in flight run on, untracked. */
  end(): boolean;
}

/** A door for `id`. It checks nothing and opens nothing. */
export function createSession(
  pool: CallingPool,
  registry: SessionRegistry,
  id: string,
  metadata: SessionMetadata | undefined,
): Session {
  const session: Session = {
    id,
    async call<T>(name: string, args?: unknown, options?: PoolCallOptions): Promise<T> {
      const operation = registry.begin(id, metadata);
      try {
        const result = await pool.call<T>(name, args, under(operation, options));
        operation.finish(false);
        return result;
      } catch (error) {
        operation.finish(true);
        throw error;
      }
    },
    stream<T>(name: string, args?: unknown, options?: PoolCallOptions): PoolStream<T> {
      let operation: SessionOperation;
      try {
        operation = registry.begin(id, metadata);
      } catch (error) {
        // Load conditions reject, also where there is no promise to reject yet.
        return failedStream<T>(error);
      }
      try {
        return new TrackedStream(pool.stream<T>(name, args, under(operation, options)), operation);
      } catch (error) {
        operation.finish(true);
        throw error;
      }
    },
    map: (name, items, options) => mapCalls(caller, name, items, options),
    functions: <Api>() => functionsOf<Api>(session),
    info: () => registry.get(id),
    end: () => registry.end(id),
  };
  const caller: MapCaller = {
    // Looked up each time: the pool may be resized meanwhile.
    get places() {
      return pool.places;
    },
    call: (...args) => session.call(...args),
  };
  return session;
}

/** The caller's options, and who calls. What cannot be options is left as it is, for the pool to refuse. */
function under(
  { session }: SessionOperation,
  options: PoolCallOptions | undefined,
): PoolCallOptions | undefined {
  return options === undefined || isPlainObject(options) ? { ...options, meta: { session } } : options;
}
