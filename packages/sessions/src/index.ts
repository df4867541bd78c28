// Sessions in front of a pool
export { sessionPool } from './pool/session-pool.js';
export type { SessionPool, SessionPoolOptions } from './pool/session-pool.js';
export type { Session } from './pool/session.js';
export type { CallingPool } from './pool/calling-pool.js';

// The registry
export { createSessionRegistry } from './registry/registry.js';
export type { SessionRegistry } from './registry/registry.js';
export { resolveSessionRegistryOptions } from './registry/options.js';
export type {
  ResolvedSessionRegistryOptions,
  SessionClock,
  SessionEndReason,
  SessionRegistryOptions,
} from './registry/options.js';
export type { SessionOperation } from './registry/session-operation.js';
export type { SessionInfo, SessionMetadata, SessionRecord } from './registry/session.js';

// Stores
export { memoryStore } from './store/memory-store.js';
export type { SessionStore } from './store/store.js';

// Affinity: selection strategies
export { hint } from './affinity/hint.js';
export { strictQueue } from './affinity/strict-queue.js';
export { strictFailFast } from './affinity/strict-fail-fast.js';
export { isAffinity } from './affinity/affinity.js';
export type { Affinity, AffinityOptions } from './affinity/affinity.js';
