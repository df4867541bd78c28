import type { SessionStore } from '../store/store.js';
import type { SessionTime } from './session-time.js';
import type { SessionMetadata, SessionRecord } from './session.js';

/** One call under a session, from its begin to its end. */
export interface SessionOperation {
  /** What the handler is told, as it was when the call began. */
  readonly session: { readonly id: string; readonly metadata: SessionMetadata };
  /** The call is over. Only the first call of this counts. */
  finish(failed: boolean): void;
}

/** A call that a registry has begun to count. */
export class TrackedOperation implements SessionOperation {
  readonly session: SessionOperation['session'];
  readonly #record: SessionRecord;
  readonly #store: SessionStore;
  readonly #time: SessionTime;
  #open = true;

  constructor(record: SessionRecord, store: SessionStore, time: SessionTime) {
    this.session = { id: record.id, metadata: record.metadata };
    this.#record = record;
    this.#store = store;
    this.#time = time;
  }

  finish(failed: boolean): void {
    if (!this.#open) return;
    this.#open = false;
    const record = this.#record;
    record.inFlight -= 1;
    if (failed) record.errors += 1;
    record.lastActivity = this.#time.now();
    // The session may have been ended meanwhile, and the same id may have begun again.
    if (this.#store.get(record.id) === record) this.#store.set(record);
  }
}
