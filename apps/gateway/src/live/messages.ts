/**
 * What `GET /live` tells, as server-sent events: the event's name is a key of {@link LiveMessages}, its data the JSON of what stands beside it.
 *
 * It is sent to whoever listens, and made only while somebody does. With a token the request needs `Authorization: Bearer`, which `EventSource`
 * cannot send: read the body of a `fetch()`. Times are milliseconds since the Unix epoch.
 */
export interface LiveMessages {
  /** What has been before: once, first of all. */
  readonly history: LiveHistory;
  /** Each second. */
  readonly sample: LiveSample;
  /** Each second, and whenever a worker starts, is ready, retires or exits. By slot. */
  readonly workers: readonly LiveWorker[];
  /** Once at the beginning, and each second in which they have changed. */
  readonly waiting: LiveWaiting;
  /** The same. */
  readonly sessions: LiveSessions;
  /** A call or stream that failed, as it does. */
  readonly failure: LiveFailure;
  /** A line that Python logged or printed, as it does. */
  readonly log: LiveLog;
  /** What can be called: once at the beginning, and when new workers serve something else. By name. */
  readonly functions: readonly LiveFunction[];
  /** The pool itself: once at the beginning, and when it changes. */
  readonly pool: LivePool;
  /** This listener was too slow, so this many messages were left out. What there is now follows, and the next ones are whole again. */
  readonly dropped: { readonly messages: number };
}

/** Name of an event of the feed. */
export type LiveMessageName = keyof LiveMessages;

/** What a listener has missed, oldest first. */
export interface LiveHistory {
  /** Of the last five minutes. A second in which nothing was called and nobody listened may be missing. */
  readonly samples: readonly LiveSample[];
  readonly failures: readonly LiveFailure[];
  readonly logs: readonly LiveLog[];
}

/** One second of the pool. */
export interface LiveSample {
  /** When that second began: whole seconds. */
  readonly time: number;
  /** Calls and streams that ended in it, those that failed included. */
  readonly calls: number;
  readonly failures: number;
  /** Of those that ended in it, from submit to result; `null` where none did. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** Calls that waited at its end; `null` where nobody looked. */
  readonly queued: number | null;
  /** Calls that ran at its end; `null` where nobody looked. */
  readonly running: number | null;
}

/** The pool as a whole. */
export interface LivePool {
  readonly name: string;
  readonly state: 'open' | 'closing' | 'forced' | 'stopping' | 'closed';
  readonly health: 'starting' | 'healthy' | 'degraded' | 'failing' | 'closed';
  /** For people; empty when healthy. */
  readonly reasons: readonly string[];
  readonly size: number;
  readonly overflow: number;
  /** Path of the interpreter. */
  readonly python: string;
  readonly startedAt: number;
}

/** One worker. */
export interface LiveWorker {
  /** Unique: a worker that replaces another has another one. */
  readonly id: string;
  readonly slot: number;
  /** `undefined` while it starts. */
  readonly pid?: number | undefined;
  /** `gone`: it was lost, and nothing has taken its slot; told for ten seconds. */
  readonly state: 'starting' | 'ready' | 'retiring' | 'gone';
  /** Since when it is in that state. */
  readonly since: number;
  /** Why it leaves, or how it has ended. */
  readonly reason?: string | undefined;
  /** It is there because of the load, and leaves when idle. */
  readonly overflow: boolean;
  readonly running: readonly LiveRunning[];
  /** Calls that it was sent ahead, and has not begun. */
  readonly ahead: number;
  /** Memory of its process; `undefined` where that is not known. */
  readonly rssBytes?: number | undefined;
  /** Calls that it was given. */
  readonly calls: number;
  /** Workers that this slot has had before this one. */
  readonly restarts: number;
}

/** A call that runs. */
export interface LiveRunning {
  readonly function: string;
  readonly kind: 'call' | 'stream';
  /** When it began. */
  readonly since: number;
  readonly session?: string | undefined;
}

/** The calls that wait. */
export interface LiveWaiting {
  /** All of them. */
  readonly queued: number;
  /** The twenty that have waited longest of those that the pool tells of, longest first. */
  readonly calls: readonly LiveWaitingCall[];
}

/** A call that waits. */
export interface LiveWaitingCall {
  /** Counts the calls of the pool. */
  readonly id: number;
  readonly function: string;
  readonly kind: 'call' | 'stream';
  /** When it was made. */
  readonly since: number;
  readonly session?: string | undefined;
  /** What it waits for, for people. */
  readonly why: string;
}

/** The sessions. */
export interface LiveSessions {
  /** All that are open. */
  readonly open: number;
  /** The hundred that were active last, latest first. */
  readonly recent: readonly LiveSession[];
}

/** One session. */
export interface LiveSession {
  readonly id: string;
  readonly startedAt: number;
  readonly lastActivity: number;
  readonly operations: number;
  readonly errors: number;
  readonly inFlight: number;
}

/** A call that failed. */
export interface LiveFailure {
  readonly time: number;
  readonly function: string;
  readonly session?: string | undefined;
  readonly category: string;
  readonly code: string;
  readonly outcome: 'not-started' | 'unknown' | 'finished';
  readonly message: string;
  /** As Python prints it. */
  readonly traceback?: string | undefined;
}

/** A line of log or output. */
export interface LiveLog {
  readonly time: number;
  /** Of Python's `logging`, lower case: `debug`, `info`, `warning`, `error`, `critical`; `info` of stdout, `warning` of stderr. */
  readonly level: string;
  readonly source: 'logging' | 'warnings' | 'stdout' | 'stderr';
  readonly worker: string;
  /** What ran when it was written, where that is certain. */
  readonly function?: string | undefined;
  readonly session?: string | undefined;
  readonly text: string;
}

/** A function that can be called: `POST /call/NAME` with `{ parameter: value }` or `[value]`, or as bytes. */
export interface LiveFunction {
  readonly name: string;
  readonly kind: 'call' | 'stream';
  /** `undefined` where Python cannot tell. */
  readonly parameters?: readonly LiveParameter[] | undefined;
  /** What it returns, or of a stream each item: as written in Python; `undefined` where it has no hint. */
  readonly returns?: string | undefined;
  readonly doc?: string | undefined;
}

/** A parameter of a function. */
export interface LiveParameter {
  readonly name: string;
  /** `rest` takes all further positions (`*args`), `keywords` all further names (`**kwargs`). */
  readonly kind: 'positional' | 'either' | 'keyword' | 'rest' | 'keywords';
  readonly required: boolean;
  /** The type hint, as written in Python. */
  readonly hint?: string | undefined;
  /** JSON Schema of its values; `{}` takes any. `{ contentMediaType: 'application/octet-stream' }`: bytes, sent as the body of the request. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** Where there is one that JSON can hold. */
  readonly default?: unknown;
}
