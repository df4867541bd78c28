/** What Python said, as the event `log` of a Python pool tells it. */
export interface PythonLog {
  readonly source: 'logging' | 'warnings' | 'stdout' | 'stderr';
  readonly level: string | null;
  readonly logger: string | null;
  readonly message: string;
  readonly exception: string | null;
  readonly function: string | null;
  readonly sessionId: string | null;
  readonly workerId: string;
  readonly pid: number;
  /** In milliseconds since the Unix epoch. */
  readonly time: number;
  /** The trace of the call that it was said in, as the W3C writes it. */
  readonly traceparent?: string | undefined;
}

/** Whatever tells what Python says: a Python pool, or a worker. */
export interface LogSource {
  on(event: 'log', listener: (log: PythonLog) => void): void;
  off(event: 'log', listener: (log: PythonLog) => void): void;
}
