import { createPool, systemClock, type PoolOptions } from '@pypool/pool';
import { createError, shown } from '@pypool/protocol';
import { resolveSessionRegistryOptions, sessionPool, type SessionRegistryOptions } from '@pypool/sessions';
import { fakeWorkers, type FakeHandler } from './fake-workers.js';
import { joinLayers, type PythonPool } from './join-layers.js';

/** How a fake pool is made: as the real one, without what concerns Python. */
export interface FakePoolOptions extends Omit<PoolOptions, 'factory' | 'size'> {
  /** @defaultValue 1 */
  readonly size?: number;
  /** @defaultValue 0 */
  readonly overflow?: number;
  readonly sessions?: SessionRegistryOptions;
}

/**
 * A pool for the tests of your own code: the real queue, budgets, sessions and errors, with handlers in TypeScript and no Python.
 *
 * A handler gets the positional arguments (keywords as one object after them) and returns its result, a promise of it, or, for a
 * stream, anything that can be iterated. What it throws arrives as a `python-error` of that name, errors of pypool as they are. Values are
 * handed over as they are, not encoded. A cancelled handler runs on, unheard.
 *
 * @throws UsageError `invalid-options`
 */
export function fakePool(
  handlers: Readonly<Record<string, FakeHandler>>,
  poolOptions: FakePoolOptions = {},
): PythonPool {
  assertObject('handlers', handlers);
  for (const [name, handler] of Object.entries(handlers)) {
    if (typeof handler !== 'function') throw invalid(`handler ${name}`, 'a function', handler);
  }
  assertObject('options', poolOptions);
  const { sessions, size = 1, overflow = 0, ...options } = poolOptions;
  const forSessions = resolveSessionRegistryOptions(sessions);
  const pool = createPool({
    start: 'lazy',
    name: 'fake',
    ...options,
    size,
    overflow,
    factory: fakeWorkers(handlers, options.clock ?? systemClock),
  });
  const noWorkers = { python: { path: 'none', foundBy: 'fake' }, on: () => undefined, off: () => undefined };
  return joinLayers(pool, noWorkers, sessionPool(pool, { ...forSessions, affinity: options.selection }));
}

function assertObject(what: string, value: unknown): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(what, 'an object', value);
}

function invalid(what: string, expected: string, value: unknown): Error {
  return createError({
    code: 'invalid-options',
    message: `Invalid ${what} of fakePool(): expected ${expected}, got ${shown(value)}.`,
  });
}
