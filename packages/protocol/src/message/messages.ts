import type { PypoolError } from '../errors/error.js';
import type { PythonFrame } from '../errors/python-error.js';

/** HELLO: what a runtime says of itself before anything else. */
export interface Hello {
  /** Lowest and highest wire version it speaks. */
  readonly protocol: readonly [number, number];
  /** Version of the runtime's package. */
  readonly runtime: string;
  /** Version of Python, for example `"3.11.7"`. */
  readonly python: string;
  /** For example `"cpython"`. */
  readonly implementation: string;
  readonly pid: number;
  readonly codecs: readonly string[];
  readonly capabilities: readonly string[];
  /** Proof of who it is, on transports that ask for one. */
  readonly secret?: string | undefined;
}

/** Where exposed functions come from. */
export interface WelcomeModule {
  /** What its names begin with; `""` for none. */
  readonly prefix: string;
  /** An absolute path or a dotted name. */
  readonly source: string;
  readonly kind: 'path' | 'name';
}

/** A limit of the kernel, by the name of Python's `resource` in lower case, without RLIMIT_. */
export interface WelcomeRlimit {
  readonly name: string;
  /** -1: unlimited. */
  readonly soft: number;
  /** -1: unlimited; `null`: it stays what it is. */
  readonly hard: number | null;
}

/** WELCOME: what a runtime is to be. */
export interface Welcome {
  readonly protocol: number;
  readonly codec: 'json';
  readonly workerId: string;
  readonly pool: string;
  readonly slot: number;
  /** Random; tells one start of a worker from the next. */
  readonly incarnation: string;
  readonly modules: readonly WelcomeModule[];
  /** Functions to expose beyond those that the modules do; `null` for none. */
  readonly expose: readonly string[] | null;
  readonly limits: { readonly maxFrameBytes: number; readonly maxBufferBytes: number };
  /** What becomes of integers beyond 2^53 - 1. */
  readonly integers: 'auto' | 'bigint' | 'error';
  /** What becomes of results that cannot be encoded. */
  readonly unencodable: 'error' | 'marker';
  readonly parentPid: number;
  readonly parentDeathSignal: boolean;
  readonly concurrency: number;
  /** How calls are run: one after the other, as tasks of one event loop, or in threads. */
  readonly engine: 'sync' | 'async' | 'threads';
  /** The least level of `logging` that is sent, as its number; `null` for none. */
  readonly logLevel: number | null;
  /** What the kernel is to limit from before the import on. */
  readonly rlimits: readonly WelcomeRlimit[];
  /** What the marks in the output are known by that say which call printed what follows; `null`: none are made. */
  readonly outputToken: string | null;
  /** Whether READY is to tell the signature of each function. @defaultValue `false` */
  readonly signatures?: boolean | undefined;
}

/** A function that can be called, with the facts that stand beside it in Python. */
export interface ExposedFunction {
  readonly name: string;
  readonly stream: boolean;
  readonly async: boolean;
  readonly idempotent: boolean;
  readonly timeoutSeconds: number | null;
  readonly concurrency: number | null;
  /** How its calls are ended before their time: interrupted, only asked to end, or by the end of their process. */
  readonly cancel: 'interrupt' | 'cooperative' | 'kill';
  /** What it wants and gives, where WELCOME asked for that and it fits into one frame with those of all others. */
  readonly signature?: FunctionSignature | undefined;
}

/** What a function wants and gives, by its signature and its type hints. */
export interface FunctionSignature {
  /** Its docstring. */
  readonly doc: string | null;
  /** In order; `null` where Python cannot tell. */
  readonly parameters: readonly FunctionParameter[] | null;
  /** What it returns, or of a stream each item; `null` where it has no hint. */
  readonly returns: HintedType | null;
}

/** A type hint. */
export interface HintedType {
  /** As it is written in Python; `null` where there is none. */
  readonly hint: string | null;
  /**
   * JSON Schema (draft 2020-12) of the values, as they come from plain JSON; `{}` allows any. Bytes, which JSON cannot hold, are
   * `{ contentMediaType: 'application/octet-stream' }`.
   */
  readonly schema: Readonly<Record<string, unknown>>;
}

/** A parameter of a function. */
export interface FunctionParameter extends HintedType {
  readonly name: string;
  /** `positional` and `keyword` by that alone, `either` by both; `rest` is `*args`, `keywords` is `**kwargs`. */
  readonly kind: 'positional' | 'either' | 'keyword' | 'rest' | 'keywords';
  readonly required: boolean;
  /** Left out where there is none, or none that JSON holds. */
  readonly default?: unknown;
}

/** READY: the modules are imported, the hooks have run, calls may come. */
export interface Ready {
  readonly functions: readonly ExposedFunction[];
}

/** PING: are you there? */
export interface Ping {
  readonly n: number;
}

/** PONG: the answer to the PING with the same number. */
export interface Pong {
  readonly n: number;
  /** The call that runs. */
  readonly running: number | null;
  /** Since when, in milliseconds. */
  readonly busyMs: number;
}

/** CANCEL: how to end a call. */
export interface Cancel {
  /** `leave`: a stream's consumer left, stop at the next item, or before if that takes long. `interrupt`: end it now. */
  readonly mode: 'leave' | 'interrupt';
}

/** CREDIT: how much more a stream may send. */
export interface Credit {
  /** Items. */
  readonly n: number;
  /** Bytes of frames; none where it is left out. */
  readonly bytes?: number | undefined;
}

/** REVOKE asks for calls back; REVOKED names those that had not started and never will. */
export interface CallIds {
  readonly ids: readonly number[];
}

/** PULL: how much more of an input Node may send. */
export interface Pull {
  /** Its place in `meta.inputs` of its call. */
  readonly input: number;
  readonly n: number;
  readonly bytes: number;
}

/** INPUT_END: an input has ended. */
export interface InputEnd {
  readonly input: number;
  /** What its iterable failed with; `null` where it came to its end. */
  readonly error: { readonly name: string; readonly message: string } | null;
}

/** LOG: a record of Python's `logging`, or a warning. */
export interface LogRecord {
  readonly source: 'logging' | 'warnings';
  /** For example `"INFO"`. */
  readonly level: string;
  readonly logger: string;
  readonly message: string;
  /** Seconds since the Unix epoch. */
  readonly time: number;
  /** The call that it was logged for, where that is certain, by its id on the wire. */
  readonly callId: number | null;
  /** What that call runs. */
  readonly function: string | null;
  readonly session: string | null;
  /** The traceback that was logged with it. */
  readonly exception: string | null;
  /** Handlers that the application has configured in Python took it, too. */
  readonly handled: boolean;
  /** How many were lost since the last that was sent: they came faster than they could be. */
  readonly dropped: number;
  /** The span that it was logged in, as the W3C writes it, where there is one. */
  readonly traceparent?: string | undefined;
}

/** DUMPED: what its process did when it read the DUMP with the same number. Stacks have the most recent call first. */
export interface Dumped {
  readonly n: number;
  /** The main thread first; of those that the runtime keeps for itself, none. */
  readonly threads: readonly {
    /** As `threading.get_ident()` has it. */
    readonly id: number;
    /** `null` for one that Python has not started. */
    readonly name: string | null;
    readonly main: boolean;
    readonly frames: readonly PythonFrame[];
  }[];
  /** The tasks of the event loop that handlers run on; `null` where there is none. */
  readonly tasks: readonly { readonly name: string; readonly frames: readonly PythonFrame[] }[] | null;
  /** The calls that run, and where: without the frames of the runtime that led there. */
  readonly calls: readonly { readonly id: number; readonly frames: readonly PythonFrame[] }[];
}

/** MAP: make a segment of shared memory. */
export interface MapSegment {
  /** Its number from now on; counted from 1 and never used again. */
  readonly segment: number;
  /** Which frames' buffers are to lie in it. */
  readonly channel: 'requests' | 'replies';
  readonly bytes: number;
  /** Smaller buffers stay in their frames. */
  readonly thresholdBytes: number;
}

/** MAPPED: the segment that MAP asked for, or why there is none. */
export interface Mapped {
  readonly segment: number;
  /** Its descriptor in the runtime's process, open until Node answers; `null` where there is none. */
  readonly fd: number | null;
  /** Bytes that it begins with, as hex, by which Node knows that it has opened the right one. */
  readonly token: string | null;
  /** Why there is none. */
  readonly error: string | null;
}

/** OPENED: Node has it, and it may be used. */
export interface SegmentId {
  readonly segment: number;
}

/** RELEASE, RELEASED: what was in them has been read, write again. UNMAP: give them back. UNMAPPED: they are gone. */
export interface SegmentIds {
  readonly segments: readonly number[];
}

/** EVENT: something worth knowing that belongs to no call. */
export interface RuntimeEvent {
  /** For example `"thread-exception"`, `"suggestion"`; newer runtimes may know more. */
  readonly event: string;
  readonly message: string | undefined;
  readonly error: PypoolError | undefined;
}
