import {
  approximateBytes,
  createError,
  isPypoolError,
  type Outcome,
  type PypoolError,
} from '@pypool/protocol';

import type { PendingCall } from './call/pending-call.js';
import type { QueueBytes } from './dispatch/queue-bytes.js';
import type { StartTrouble } from './lifecycle/start-policy.js';

/** How full a pool is, as its errors tell it. */
export interface PoolLoad {
  readonly pool: string;
  /** Live workers: ready, starting, and leaving ones that still count. */
  readonly total: number;
  /** Ready workers without a free place. */
  readonly busy: number;
  readonly starting: number;
  /** Calls that wait. */
  readonly queued: number;
  /** Most workers there may be. */
  readonly maximum: number;
}

export function poolClosed(pool: string, outcome: Outcome): PypoolError {
  return createError({
    code: 'pool-closed',
    message:
      outcome === 'not-started'
        ? `Pool "${pool}" is closed and takes no calls.`
        : `Pool "${pool}" was closed while the call ran.`,
    outcome,
    context: { pool },
  });
}

/** A call that was admitted, and still waited when the pool ended what was left. */
export function closedWhileWaiting(
  pool: string,
  call: PendingCall,
  limitMs: number | undefined,
): PypoolError {
  const how = limitMs === undefined ? 'was forced' : `ran out of its limit of ${limitMs} ms`;
  return createError({
    code: 'pool-closed',
    message: `${capital(quote(call))} was admitted by pool "${pool}" and never started: it waited for a worker when close() ${how}.`,
    context: { pool, name: call.name, limitMs: limitMs ?? null },
  });
}

export function queueFull(
  load: PoolLoad,
  maxQueue: number,
  bytes: QueueBytes | undefined,
  call: PendingCall,
): PypoolError {
  const weight =
    bytes === undefined
      ? undefined
      : { maxQueueBytes: bytes.limit, queuedBytes: bytes.total, callBytes: approximateBytes(call.args) };
  const byBytes =
    weight === undefined
      ? ''
      : `, about ${weight.queuedBytes} bytes wait, this call has ${weight.callBytes} and maxQueueBytes is ${weight.maxQueueBytes}`;
  return createError({
    code: 'queue-full',
    message: `Pool "${load.pool}" is full: ${describe(load)}, and maxQueue is ${maxQueue}${byBytes}. Shed load, or try again later.`,
    context: { ...load, maxQueue, ...weight },
  });
}

export function checkoutTimeout(
  call: PendingCall,
  load: PoolLoad,
  waitedMs: number,
  lastStartFailure: PypoolError | undefined,
): PypoolError {
  const because =
    lastStartFailure === undefined ? '' : ` The last start of a worker failed: ${lastStartFailure.message}`;
  return createError({
    code: 'checkout-timeout',
    message: `No worker of pool "${load.pool}" took ${quote(call)} within ${Math.round(waitedMs)} ms: ${describe(load)}.${because}`,
    context: { ...load, name: call.name, waitedMs },
    cause: lastStartFailure,
  });
}

/** A call that waited for the pool's first worker for as long as a start may take. */
export function firstWorkerTimeout(
  call: PendingCall,
  load: PoolLoad,
  waitedMs: number,
  lastStartFailure: PypoolError | undefined,
): PypoolError {
  const because = lastStartFailure === undefined ? '' : ` The last start failed: ${lastStartFailure.message}`;
  return createError({
    code: 'start-timeout',
    message: `Pool "${load.pool}" had no ready worker for ${quote(call)} within ${Math.round(waitedMs)} ms: ${describe(load)}.${because}`,
    context: { ...load, name: call.name, waitedMs },
    cause: lastStartFailure,
  });
}

/** A call whose `timeoutMs` or `deadline` passed while it waited or ran. */
export function deadlineExceeded(
  call: PendingCall,
  afterMs: number,
  load: PoolLoad,
  lastStartFailure: PypoolError | undefined,
): PypoolError {
  const running = call.state === 'running';
  const limit = limitOf(call);
  const after = `${limit} of ${quote(call)} passed ${Math.round(afterMs)} ms after it was made`;
  if (running) {
    return createError({
      code: 'deadline-exceeded',
      message: `${after}, while it ran.`,
      outcome: 'unknown',
      context: { name: call.name, afterMs },
    });
  }
  const because =
    lastStartFailure === undefined ? '' : ` The last start of a worker failed: ${lastStartFailure.message}`;
  return createError({
    code: 'deadline-exceeded',
    message: `${after}, while it waited for a worker: ${describe(load)}.${because}`,
    context: { ...load, name: call.name, afterMs },
    cause: lastStartFailure,
  });
}

/** A call that was made when its time was up already. */
export function madeTooLate(call: PendingCall): PypoolError {
  return createError({
    code: 'deadline-exceeded',
    message: `${limitOf(call)} of ${quote(call)} had passed when it was made.`,
    context: { name: call.name, afterMs: 0 },
  });
}

export function aborted(call: PendingCall, reason: unknown): PypoolError {
  const running = call.state === 'running';
  return createError({
    code: 'aborted',
    message: `${capital(quote(call))} was aborted by its signal ${running ? 'while it ran' : 'before it started'}.`,
    outcome: running ? 'unknown' : 'not-started',
    context: { name: call.name },
    cause: reason,
  });
}

/** A stream whose consumer left before it began. */
export function leftEarly(call: PendingCall): PypoolError {
  return createError({
    code: 'aborted',
    message: `${capital(quote(call))} was left by its consumer before it started.`,
    context: { name: call.name },
  });
}

export function startTimeout(workerId: string, startTimeoutMs: number): PypoolError {
  return createError({
    code: 'start-timeout',
    message: `Worker ${workerId} was not ready within startTimeoutMs (${startTimeoutMs} ms); raise it if a start needs longer.`,
    context: { workerId, startTimeoutMs },
  });
}

/** What calls get that only a new worker could take, while start after start fails. */
export function circuitOpen(
  pool: string,
  { workerId, error, failures, circuit }: StartTrouble,
  nextStartMs: number,
): PypoolError {
  const times = failures === 1 ? 'The last start' : `The last ${failures} starts`;
  const next =
    circuit === 'half-open'
      ? 'One more is under way.'
      : `The next is tried in ${Math.round(nextStartMs)} ms.`;
  return createError({
    code: 'circuit-open',
    message: `Pool "${pool}" has no worker and takes no calls until one starts. ${times} failed. ${next} Worker ${workerId}: ${error.message}`,
    retryable: error.retryable,
    context: { ...error.context, pool, workerId, failures, nextStartMs },
    cause: error,
  });
}

/** What a start is given up with that nobody needs any more. */
export function startGivenUp(workerId: string): PypoolError {
  return createError({
    code: 'aborted',
    message: `The start of worker ${workerId} was given up: the pool was reloaded or resized meanwhile.`,
    context: { workerId },
  });
}

/** What `reload()` rejects with: the code of the start that failed. */
export function reloadFailed(pool: string, kept: number, error: PypoolError): PypoolError {
  return createError({
    code: error.code,
    message: `Pool "${pool}" was not reloaded: a new worker could not start, and ${kept} go on as they are. ${error.message}`,
    retryable: error.retryable,
    context: { ...error.context, pool, kept },
    cause: error,
  });
}

/** Why a worker is ended that holds too much, and what its calls get. */
export function memoryExceeded(
  workerId: string,
  memoryBytes: number,
  hardMaxMemoryBytes: number,
): PypoolError {
  return createError({
    code: 'worker-exited',
    message: `Worker ${workerId} was ended: it held ${memoryBytes} bytes, and hardMaxMemoryBytes is ${hardMaxMemoryBytes}.`,
    outcome: 'unknown',
    context: { workerId, memoryBytes, hardMaxMemoryBytes },
  });
}

/** A worker is gone and this call of it was never answered: a breach of the contract, told rather than hung upon. */
export function neverAnswered(workerId: string, cause: unknown): PypoolError {
  return createError({
    code: 'worker-exited',
    message: `Worker ${workerId} is gone and never answered this call.`,
    outcome: 'unknown',
    context: { workerId },
    cause,
  });
}

/** What user code threw (a strategy, a factory), as an error of ours. */
export function asPypoolError(thrown: unknown, where: string): PypoolError {
  if (isPypoolError(thrown)) return thrown;
  return createError({
    code: 'internal',
    message: `${where} threw: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
    cause: thrown,
  });
}

function describe({ total, busy, starting, queued, maximum }: PoolLoad): string {
  return `${busy} of ${total} workers busy, ${starting} starting, ${queued} calls waiting, at most ${maximum} workers`;
}

function quote({ kind, name }: PendingCall): string {
  return `${kind} "${name}"`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Which of the two ended a call: the earlier. */
function limitOf({ endsAt, terms: { timeoutMs, deadline } }: PendingCall): string {
  return endsAt < deadline ? `The timeoutMs (${timeoutMs} ms)` : 'The deadline';
}
