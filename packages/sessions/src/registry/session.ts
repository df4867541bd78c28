/** Labels a caller gives a session: JSON values, seen by the handler and by whoever lists sessions. */
export type SessionMetadata = Readonly<Record<string, unknown>>;

/** What is known of one session at one moment. A frozen copy: it does not change afterwards. */
export interface SessionInfo {
  readonly id: string;
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  /** When its last call began or ended; before the first call, when it began. Milliseconds since the Unix epoch. */
  readonly lastActivity: number;
  /** Calls and streams made under it, those that failed and those in flight included. */
  readonly operations: number;
  /** How many of them failed. */
  readonly errors: number;
  /** How many of them have not ended. */
  readonly inFlight: number;
  readonly metadata: SessionMetadata;
}

/** A session as a store keeps it. The registry owns it and alone changes it. */
export interface SessionRecord extends SessionInfo {
  lastActivity: number;
  operations: number;
  errors: number;
  inFlight: number;
  metadata: SessionMetadata;
}

/** The frozen copy that callers get. */
export function sessionInfo(record: SessionRecord): SessionInfo {
  return Object.freeze({
    id: record.id,
    startedAt: record.startedAt,
    lastActivity: record.lastActivity,
    operations: record.operations,
    errors: record.errors,
    inFlight: record.inFlight,
    metadata: record.metadata,
  });
}
