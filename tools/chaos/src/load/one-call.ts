import { isPypoolError, PythonError, type PoolCallOptions, type PoolStream, type PythonPool } from 'pypool';
import type { CallLog } from './call-records.js';
import type { Inputs } from './inputs.js';

/** Why callers abort. */
export const LOST_PATIENCE = 'the caller lost patience';

/** Why calls are aborted: what Node says where nobody gives a reason, too. */
const REASONS: ReadonlySet<string> = new Set(['This operation was aborted', LOST_PATIENCE]);

/** Who is called, and who hears what came of it. */
export interface Target {
  readonly pool: PythonPool;
  readonly log: CallLog;
  /** Makes what their handlers read meanwhile. */
  readonly inputs: Inputs;
}

/** What is called, in the pool or in one of its sessions. */
export type Door = Pick<PythonPool, 'call' | 'stream'>;

/** One call of a handler that returns `[seq, expected]`. */
export interface Question {
  readonly kind: string;
  readonly name: string;
  /** Its arguments behind the number of the call. */
  readonly args?: readonly unknown[];
  /** What comes back beside the number; anything where it is left out. */
  readonly expected?: unknown;
  readonly options?: PoolCallOptions;
  readonly door?: Door;
}

/** Make one call and wait for its end. Resolves with whether it had a result; never rejects. */
export async function ask({ pool, log }: Target, question: Question): Promise<boolean> {
  const { kind, name, args = [], options = {}, door = pool } = question;
  const seq = log.begin(kind, { idempotent: options.idempotent === true });
  try {
    const result = await door.call<unknown>(name, [seq, ...args], options);
    log.settle(seq, 'result');
    const isOwn = Array.isArray(result) && result[0] === seq && isSame(result[1], question);
    if (!isOwn) log.foreign(seq, `${name}(${seq}) returned ${shown(result)}`);
    return true;
  } catch (error) {
    settleFailed(log, seq, error);
    return false;
  }
}

/** One stream of `count(seq, items)`. */
export interface StreamQuestion extends Omit<Question, 'expected'> {
  readonly items: number;
  /** The consumer leaves after so many. @defaultValue never */
  readonly leaveAfter?: number;
}

/** A stream has no limit unless it is given one, and its worker may stand still for good. Unit: milliseconds. */
const STREAM_TIMEOUT_MS = 6_000;

/** Read one stream to its end, or leave it. Resolves with whether it did not fail; never rejects. */
export async function read({ pool, log }: Target, question: StreamQuestion): Promise<boolean> {
  const { kind, name, args = [], options = {}, door = pool, items, leaveAfter = Infinity } = question;
  const seq = log.begin(kind);
  let stream: PoolStream<unknown>;
  let next = 0;
  let verdict: 'result' | 'left' = 'result';
  try {
    stream = door.stream<unknown>(name, [seq, items, ...args], { timeoutMs: STREAM_TIMEOUT_MS, ...options });
    for await (const item of stream) {
      const isOwn = Array.isArray(item) && item[0] === seq && item[1] === next;
      if (!isOwn) log.foreign(seq, `stream ${seq} gave ${shown(item)} where its item ${next} was due`);
      next += 1;
      if (next >= leaveAfter) {
        verdict = 'left';
        break;
      }
    }
    if (verdict === 'result' && next !== items) {
      log.foreign(seq, `stream ${seq} ended after ${next} of ${items} items as if that were all`);
    }
    // Whoever leaves is still owed the end of the producer: the place is free only then.
    if (verdict === 'left') await stream.finished.catch(() => undefined);
    log.settle(seq, verdict);
    return true;
  } catch (error) {
    settleFailed(log, seq, error);
    return false;
  }
}

function settleFailed(log: CallLog, seq: number, error: unknown): void {
  if (isPypoolError(error)) {
    if (error.code === 'aborted' && !REASONS.has((error.cause as Error | undefined)?.message ?? '')) {
      log.foreign(seq, `call ${seq} was aborted for a reason that nobody gave: ${String(error.cause)}`);
    }
    log.settle(seq, error.outcome, error.code, error instanceof PythonError ? error.pythonType : '');
    return;
  }
  log.settle(seq, 'unknown');
  log.foreign(seq, `call ${seq} failed with what is no error of pypool: ${String(error)}`);
}

function isSame(value: unknown, question: Question): boolean {
  if (!('expected' in question)) return true;
  const { expected } = question;
  if (!(expected instanceof Uint8Array)) return Object.is(value, expected);
  return value instanceof Uint8Array && Buffer.compare(value, expected) === 0;
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return (text ?? String(value)).slice(0, 120);
}
