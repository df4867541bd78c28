import type { Pool, PoolStatus } from '@pypool/pool';
import type { ExposedFunction, PypoolError } from '@pypool/protocol';
import type { LogEvent } from '@pypool/worker';
import type { LiveFailure, LiveFunction, LiveLog, LivePool, LiveWaiting } from './messages.js';

// What the layers tell, as the page wants it.

/** Waiting calls that are shown. */
const SHOWN_WAITING = 20;
/** Characters of a text that are kept: many of them are. */
const MAX_TEXT = 8_000;

/** The pool as a whole. */
export function livePool(
  pool: Pool,
  { state, size, overflow }: PoolStatus,
  python: string,
  startedAt: number,
): LivePool {
  const { status: health, reasons } = pool.health();
  return { name: pool.name, state, health, reasons, size, overflow, python, startedAt };
}

/** The calls that wait, the longest waiting of them. */
export function liveWaiting({ queued, waiting }: PoolStatus): LiveWaiting {
  const longest = waiting.toSorted((a, b) => a.since - b.since).slice(0, SHOWN_WAITING);
  return {
    queued,
    calls: longest.map(({ id, name, kind, since, session, why }) => ({
      id,
      function: name,
      kind,
      since,
      session: session?.id,
      why,
    })),
  };
}

/** A call that failed. */
export function liveFailure(
  time: number,
  name: string,
  session: string | undefined,
  error: PypoolError,
): LiveFailure {
  const { category, code, outcome, message } = error;
  const { traceback } = error as { readonly traceback?: string };
  return {
    time,
    function: name,
    session,
    category,
    code,
    outcome,
    message: cut(message),
    ...(traceback !== undefined && traceback !== '' && { traceback: cut(traceback) }),
  };
}

/** Something that Python said. */
export function liveLog({
  time,
  level,
  source,
  workerId,
  function: name,
  sessionId,
  message,
  exception,
}: LogEvent): LiveLog {
  return {
    time,
    level: level?.toLowerCase() ?? (source === 'stderr' ? 'warning' : 'info'),
    source,
    worker: workerId,
    function: name ?? undefined,
    session: sessionId ?? undefined,
    text: cut(exception === null ? message : `${message}\n${exception}`),
  };
}

/** A function that can be called. */
export function liveFunction({ name, stream, signature }: ExposedFunction): LiveFunction {
  return {
    name,
    kind: stream ? 'stream' : 'call',
    parameters: signature?.parameters?.map(({ hint, ...parameter }) => ({
      ...parameter,
      ...(hint !== null && { hint }),
    })),
    returns: signature?.returns?.hint ?? undefined,
    doc: signature?.doc ?? undefined,
  };
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}
