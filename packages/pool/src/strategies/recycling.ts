/** Whether a worker leaves when its replacement is ready, or its replacement starts when it has left. */
export type ReplaceOrder = 'before' | 'after';

/** A limit that a worker has reached. */
export interface LimitReached {
  /** The option that sets it; its name tells the unit. */
  readonly option: 'maxCalls' | 'maxAgeMs' | 'maxMemoryBytes' | 'hardMaxMemoryBytes' | 'maxInterrupts';
  /** Calls, milliseconds, bytes or interrupts: where the worker stands. */
  readonly value: number;
  /** Where the limit is for this worker, its jitter counted in. */
  readonly limit: number;
}

/** The limits of a pool; `Infinity`: none. */
export interface RecyclingLimits {
  readonly maxCalls: number;
  readonly maxAgeMs: number;
  readonly maxMemoryBytes: number;
}

/** What recycling sees of a ready worker. */
export interface RecyclableWorker {
  /** The share of each limit that holds for it, above 0 and at most 1. */
  readonly limitShare: number;
  readonly calls: number;
  /** When it became ready, by the pool's clock. */
  readonly readySince: number;
  /** What it held when it was last looked at. */
  readonly memoryBytes: number | undefined;
  /** A limit that only the worker itself knows to be reached. */
  readonly wornBy?: LimitReached | undefined;
  readonly inFlight: number;
}

/** Calls after which a worker is due. */
export function callLimit(maxCalls: number, limitShare: number): number {
  return Math.ceil(maxCalls * limitShare);
}

/** The limit that a worker has reached, or `undefined`. A worker that has served nobody is never due by memory: a fresh one would hold no less. */
export function limitReached(
  { limitShare, calls, readySince, memoryBytes = 0, wornBy }: RecyclableWorker,
  { maxCalls, maxAgeMs, maxMemoryBytes }: RecyclingLimits,
  now: number,
): LimitReached | undefined {
  if (wornBy !== undefined) return wornBy;
  const memory = maxMemoryBytes * limitShare;
  if (memoryBytes > memory && calls > 0)
    return { option: 'maxMemoryBytes', value: memoryBytes, limit: Math.floor(memory) };
  const most = callLimit(maxCalls, limitShare);
  if (calls >= most) return { option: 'maxCalls', value: calls, limit: most };
  const age = maxAgeMs * limitShare;
  if (now - readySince >= age)
    return { option: 'maxAgeMs', value: Math.round(now - readySince), limit: Math.round(age) };
  return undefined;
}

/** A ready worker that is to be replaced. */
export interface DueWorker<Worker extends RecyclableWorker> {
  readonly record: Worker;
  /** It was begun before the last reload, and has reached no limit. */
  readonly stale: boolean;
}

/** What one step of replacing is decided from. */
export interface RenewalInput<Worker extends RecyclableWorker> {
  readonly due: readonly DueWorker<Worker>[];
  /** Workers that take calls, the due ones included. */
  readonly ready: number;
  /** Workers there should be, whether there is work or not. */
  readonly steady: number;
  /** One that was replaced has not left yet. */
  readonly leaving: boolean;
  /** A worker begun after the last reload is ready: what it loads can be loaded. */
  readonly proven: boolean;
  readonly replace: ReplaceOrder;
}

/** What comes next: this worker leaves; one more is needed first; nothing now. */
export type RenewalStep<Worker> = { readonly leaves: Worker } | 'start' | 'nothing';

/**
 * Who leaves next of those who are due, and whether one more has to start first.
 *
 * One at a time, and only from a pool that is complete: so the ready workers are never fewer than one below those that should be, and never
 * fewer than those with `before`. Idle ones go first, then the oldest.
 */
export function renewalStep<Worker extends RecyclableWorker>(
  input: RenewalInput<Worker>,
): RenewalStep<Worker> {
  const { due, ready, steady, leaving, proven, replace } = input;
  if (leaving || due.length === 0 || ready < steady) return 'nothing';
  const spare = ready > steady;
  // Of what a reload brings it is not known that it works until one has come up.
  const free = due.filter(({ stale }) => replace === 'after' || (spare && (proven || !stale)));
  if (free.length === 0) return 'start';
  return {
    leaves: free.map(({ record }) => record).reduce((first, one) => (goesBefore(one, first) ? one : first)),
  };
}

function goesBefore(one: RecyclableWorker, other: RecyclableWorker): boolean {
  const busy = Number(one.inFlight > 0) - Number(other.inFlight > 0);
  return busy === 0 ? one.readySince < other.readySince : busy < 0;
}
