import type { PoolCallOptions, SelectionStrategy } from '@pypool/pool';
import {
  checkOptions,
  createError,
  implementing,
  isPlainObject,
  isPypoolError,
  shown,
} from '@pypool/protocol';
import { z } from 'zod';

import { isAffinity } from '../affinity/affinity.js';
import { assertMetadata, assertSessionId } from '../registry/metadata.js';
import { registrySchema } from '../registry/options.js';
import type { SessionRegistryOptions } from '../registry/options.js';
import { createSessionRegistry } from '../registry/registry.js';
import type { SessionRegistry } from '../registry/registry.js';
import type { SessionMetadata } from '../registry/session.js';
import type { CallingPool } from './calling-pool.js';
import { createSession } from './session.js';
import type { Session } from './session.js';

/** How sessions are kept, and what they are bound by. */
export interface SessionPoolOptions extends SessionRegistryOptions {
  /**
   * How the pool selects its workers. Where that is an affinity, it forgets the sessions that are over; any other strategy is left alone.
   */
  readonly affinity?: SelectionStrategy | undefined;
}

/** A pool that knows who calls. What is not called in a session is not touched by it. */
export interface SessionPool {
  /**
   * A door to the pool for one session id.
   *
   * `metadata` is merged into that of an open session at once, a key set to `undefined` being removed. A session that is not open
   * begins here where there is room, and otherwise with its first call that finds room.
   *
   * @throws UsageError `invalid-arguments` for an id that is no string or empty, or metadata that is no plain object; `invalid-options` for
   * options that are no object, or that there are not.
   */
  session(id: string, options?: { readonly metadata?: SessionMetadata }): Session;
  /** The sessions that are open. */
  readonly sessions: Pick<SessionRegistry, 'size' | 'list' | 'get' | 'end'>;
  /** `session(sessionId).call(command, args, options)`: the name that the first system of this kind had for it. */
  executeInSession<T = unknown>(
    sessionId: string,
    command: string,
    args?: unknown,
    options?: PoolCallOptions & { readonly metadata?: SessionMetadata },
  ): Promise<T>;
  /** The pool's own `call`: the name that the first system of this kind had for it. */
  executeAnonymous<T = unknown>(command: string, args?: unknown, options?: PoolCallOptions): Promise<T>;
  /**
   * Forget all sessions, stop sweeping, and refuse every further call in a session with `pool-closed`. Idempotent. The pool is not closed: it
   * belongs to whoever made it.
   */
  close(): void;
}

/**
 * Put sessions in front of a pool, or of anything that calls as a pool does.
 *
 * @throws UsageError `invalid-options`, or `invalid-arguments` for a pool that cannot call.
 */
export function sessionPool(pool: CallingPool, options: SessionPoolOptions = {}): SessionPool {
  assertCallingPool(pool);
  checkOptions('sessionPool()', poolSchema, options);
  const { affinity, onEnd, ...registryOptions } = options;
  const registry = createSessionRegistry({
    ...registryOptions,
    onEnd(session, reason) {
      if (isAffinity(affinity)) affinity.release(session.id);
      onEnd?.(session, reason);
    },
  });

  const session: SessionPool['session'] = (id, options = {}) => {
    assertSessionId(id);
    const { metadata } = checkOptions('session()', doorSchema, options);
    assertMetadata(metadata);
    openWhereThereIsRoom(registry, id, metadata);
    return createSession(pool, registry, id, metadata);
  };

  return {
    session,
    sessions: {
      get size() {
        return registry.size;
      },
      list: () => registry.list(),
      get: (id) => registry.get(id),
      end: (id) => registry.end(id),
    },
    async executeInSession(sessionId, command, args, options = {}) {
      // By hand, for it runs with every call; which options there are is the pool's to know.
      const given: unknown = options;
      if (!isPlainObject(given)) {
        throw createError({
          code: 'invalid-options',
          message: `Invalid options of executeInSession(): expected a plain object, got ${shown(given)}.`,
        });
      }
      const { metadata, ...callOptions } = options;
      return session(sessionId, metadata === undefined ? {} : { metadata }).call(command, args, callOptions);
    },
    executeAnonymous: (command, args, callOptions) => pool.call(command, args, callOptions),
    close: () => registry.close(),
  };
}

const poolSchema = registrySchema.extend({
  affinity: z.custom(...implementing('select')).optional(),
} satisfies Record<Exclude<keyof SessionPoolOptions, keyof SessionRegistryOptions>, z.ZodType>);

const doorSchema = z.strictObject({ metadata: z.unknown().optional() });

const [canCall, whatCanCall] = implementing('call', 'stream');

function assertCallingPool(pool: unknown): void {
  if (canCall(pool)) return;
  throw createError({
    code: 'invalid-arguments',
    message: `sessionPool() needs a pool: ${whatCanCall}, got ${shown(pool)}.`,
    context: { argument: 'pool' },
  });
}

/** That there is no room, or the pool is closed, is told by the calls, which can reject, and which may find room by then. */
function openWhereThereIsRoom(
  registry: SessionRegistry,
  id: string,
  metadata: SessionMetadata | undefined,
): void {
  try {
    registry.open(id, metadata);
  } catch (error) {
    if (isPypoolError(error) && error.category === 'resource') return;
    throw error;
  }
}
