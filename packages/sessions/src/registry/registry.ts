import type { ClockTimer } from '@pypool/pool';
import { createError, openerStack, throwLater } from '@pypool/protocol';

import { assertMetadata, assertSessionId, mergeMetadata, NO_METADATA } from './metadata.js';
import { resolveSessionRegistryOptions } from './options.js';
import type { ResolvedSessionRegistryOptions, SessionEndReason, SessionRegistryOptions } from './options.js';
import { TrackedOperation } from './session-operation.js';
import type { SessionOperation } from './session-operation.js';
import { SessionTime } from './session-time.js';
import { sessionInfo } from './session.js';
import type { SessionInfo, SessionMetadata, SessionRecord } from './session.js';

/**
 * Who is calling: a record for each session id, for logs, metrics and lists. It tracks and binds nothing.
 *
 * A session begins with `open` or with its first call and is over when it is ended, or when nothing happened in it for `ttlMs`.
 * The same id begins a new session afterwards.
 */
export interface SessionRegistry {
  /** How many sessions are open. Asked without a copy of them all, as of {@link SessionRegistry.list}; looks at each only where one may have expired since it did last. */
  readonly size: number;
  /**
   * Make sure that a session is open, and merge metadata into it: a key set to `undefined` is removed, others are replaced whole.
   *
   * @throws UsageError `invalid-arguments`, ResourceError `session-limit` or, after `close()`, `pool-closed`.
   */
  open(id: string, metadata?: SessionMetadata): SessionInfo;
  /**
   * Count a call under a session. `metadata` is what a session gets that is not open yet; an open one keeps its own.
   *
   * @throws UsageError `invalid-arguments`, ResourceError `session-limit` or, after `close()`, `pool-closed`.
   */
  begin(id: string, metadata?: SessionMetadata): SessionOperation;
  /** What is known of a session, if it is open. Asking is no activity. */
  get(id: string): SessionInfo | undefined;
  /** Every open session. */
  list(): readonly SessionInfo[];
  /** Forget a session; whether it was open. Its calls in flight run on, untracked. */
  end(id: string): boolean;
  /** Stop sweeping, forget everything, without telling `onEnd`, and take no session any more. Idempotent. */
  close(): void;
}

/** Make an empty registry. Its one timer runs only while it holds sessions, and never keeps the process alive. */
export function createSessionRegistry(options?: SessionRegistryOptions): SessionRegistry {
  return new Registry(resolveSessionRegistryOptions(options));
}

class Registry implements SessionRegistry {
  readonly #options: ResolvedSessionRegistryOptions;
  readonly #time: SessionTime;
  /** Where open sessions were opened, by id, for `onLeak` alone. */
  readonly #stacks = new Map<string, string>();
  #sweepTimer: ClockTimer | undefined;
  /** No session can expire before this moment, so that a full registry refuses new ids without looking at every session. */
  #nextExpiry = -Infinity;
  #closed = false;

  constructor(options: ResolvedSessionRegistryOptions) {
    this.#options = options;
    this.#time = new SessionTime(options.clock);
  }

  get size(): number {
    if (this.#time.now() >= this.#nextExpiry) this.#sweep();
    return this.#options.store.size;
  }

  open(id: string, metadata?: SessionMetadata): SessionInfo {
    assertMetadata(metadata);
    const now = this.#time.now();
    const known = this.#find(id, now);
    const record = known ?? this.#add(id, NO_METADATA, now, 'open');
    record.metadata = mergeMetadata(record.metadata, metadata);
    record.lastActivity = now;
    this.#options.store.set(record);
    return sessionInfo(record);
  }

  begin(id: string, metadata?: SessionMetadata): SessionOperation {
    const now = this.#time.now();
    let record = this.#find(id, now);
    if (record === undefined) {
      assertMetadata(metadata);
      record = this.#add(id, mergeMetadata(NO_METADATA, metadata), now, 'begin');
    }
    record.operations += 1;
    record.inFlight += 1;
    record.lastActivity = now;
    this.#options.store.set(record);
    return new TrackedOperation(record, this.#options.store, this.#time);
  }

  get(id: string): SessionInfo | undefined {
    const record = this.#find(id, this.#time.now());
    return record && sessionInfo(record);
  }

  list(): readonly SessionInfo[] {
    this.#sweep();
    return Array.from(this.#options.store.values(), sessionInfo);
  }

  end(id: string): boolean {
    const record = this.#find(id, this.#time.now());
    if (record === undefined) return false;
    this.#remove(record, 'ended');
    return true;
  }

  close(): void {
    this.#closed = true;
    this.#sweepTimer?.cancel();
    this.#sweepTimer = undefined;
    for (const record of this.#options.store.values()) this.#options.store.delete(record.id);
    this.#stacks.clear();
  }

  #find(id: string, now: number): SessionRecord | undefined {
    assertSessionId(id);
    const record = this.#options.store.get(id);
    if (record === undefined || !this.#expired(record, now)) return record;
    this.#remove(record, 'expired');
    return undefined;
  }

  #add(id: string, metadata: SessionMetadata, now: number, opener: 'open' | 'begin'): SessionRecord {
    if (this.#closed) {
      throw createError({
        code: 'pool-closed',
        message: `Session "${id}" was refused: its pool of sessions is closed and takes no calls.`,
        context: { sessionId: id },
      });
    }
    const { store, maxSessions } = this.#options;
    if (store.size >= maxSessions && now >= this.#nextExpiry) this.#sweep();
    if (store.size >= maxSessions) {
      throw createError({
        code: 'session-limit',
        message:
          `Session "${id}" was refused: ${store.size} sessions are open and maxSessions is ${maxSessions}. ` +
          'End sessions that are over, shorten ttlMs or raise maxSessions.',
        context: { sessionId: id, sessions: store.size, maxSessions },
      });
    }
    this.#startSweeping();
    if (this.#options.onLeak !== undefined) this.#stacks.set(id, openerStack<SessionRegistry>(this, opener));
    return { id, startedAt: now, lastActivity: now, operations: 0, errors: 0, inFlight: 0, metadata };
  }

  #remove(record: SessionRecord, reason: SessionEndReason): void {
    this.#tellEnd(record, reason, this.#forget(record));
  }

  /** @returns where it was opened, where that is known */
  #forget({ id }: SessionRecord): string | undefined {
    this.#options.store.delete(id);
    const stack = this.#stacks.get(id);
    this.#stacks.delete(id);
    return stack;
  }

  #tellEnd(record: SessionRecord, reason: SessionEndReason, stack: string | undefined): void {
    const { onEnd, onLeak } = this.#options;
    if (stack !== undefined && reason === 'expired') tell(() => onLeak?.(sessionInfo(record), stack));
    tell(() => onEnd?.(sessionInfo(record), reason));
  }

  #expired(record: SessionRecord, now: number): boolean {
    return record.inFlight === 0 && now - record.lastActivity >= this.#options.ttlMs;
  }

  #sweep(): void {
    const { store, ttlMs } = this.#options;
    const now = this.#time.now();
    // A session that begins or gets active after this sweep lives at least until then.
    let nextExpiry = now + ttlMs;
    const expired: (readonly [SessionRecord, string | undefined])[] = [];
    for (const record of store.values()) {
      if (this.#expired(record, now)) expired.push([record, this.#forget(record)]);
      else if (record.inFlight === 0) nextExpiry = Math.min(nextExpiry, record.lastActivity + ttlMs);
    }
    this.#nextExpiry = nextExpiry;
    // Afterwards: whoever hears of it may begin sessions and end others, or ask how many there are.
    for (const [record, stack] of expired) this.#tellEnd(record, 'expired', stack);
  }

  #startSweeping(): void {
    const { clock, sweepIntervalMs } = this.#options;
    if (this.#sweepTimer !== undefined || sweepIntervalMs === 0) return;
    this.#sweepTimer = clock.after(sweepIntervalMs, () => {
      this.#sweepTimer = undefined;
      this.#sweep();
      if (this.#options.store.size > 0) this.#startSweeping();
    });
  }
}

function tell(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    throwLater(error);
  }
}
