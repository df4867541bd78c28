import type { CallMeta } from '@pypool/protocol';

import type { PendingCall } from '../call/pending-call.js';
import type { Clock } from '../clock/clock.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { CircuitState } from '../lifecycle/circuit-breaker.js';
import type { StartPolicy } from '../lifecycle/start-policy.js';
import type { QueuedCall } from '../strategies/queue.js';
import { hasFreePlace } from '../strategies/selection.js';
import type { Roster } from '../worker/roster.js';

/** Calls of the queue that `status()` shows: the next ones. Of a longer queue `queued` tells the number. */
const QUEUE_SHOWN = 100;

/** Calls shown of each line beside the queue: of one worker, of one function. */
const LINE_SHOWN = 10;

/** What a call waits for. Calls that wait for the same share one object. */
export type WaitsFor =
  /** A free place of any worker: of a busy one, or of one that is still to come. */
  | {
      readonly kind: 'any-worker';
      /** Ready workers without a free place. */
      readonly busy: number;
      /** Ready workers with one, none of which the selection strategy chose. */
      readonly free: number;
      /** Starts under way, the oldest first, and for how long. */
      readonly starting: readonly { readonly workerId: string; readonly startingMs: number }[];
      /** After how long starts go on, where they have failed and pause. */
      readonly nextStartMs: number | undefined;
      readonly circuit: CircuitState;
    }
  /** One certain worker, named by the selection strategy: for an affinity, that of its session. */
  | { readonly kind: 'one-worker'; readonly workerId: string; readonly running: number }
  /** The calls that its worker runs: it was sent ahead to that, and begins when one of them is answered. */
  | { readonly kind: 'sent-ahead'; readonly workerId: string; readonly running: number }
  /** Calls of the same function: as many run as may. */
  | { readonly kind: 'function'; readonly running: number; readonly limit: number }
  /** The queue discipline holds it back, whatever is free: `fair()` does, at the limit of a key. */
  | { readonly kind: 'discipline'; readonly queue: string };

/** A call that waits, as `status()` shows it. */
export interface WaitingCall {
  /** Counts the calls of the pool. */
  readonly id: number;
  readonly kind: 'call' | 'stream';
  readonly name: string;
  /** When it was made, in milliseconds since the Unix epoch. */
  readonly since: number;
  readonly attributes: CallMeta['attributes'];
  readonly session: CallMeta['session'];
  /** Workers that have failed it so far. */
  readonly attempts: number;
  /** Calls that go before it in its line, as things stand. */
  readonly ahead: number;
  readonly waitsFor: WaitsFor;
  /** The same for people. */
  readonly why: string;
}

/** Who knows why calls wait. */
export interface WaitingParts {
  readonly clock: Clock;
  readonly calls: Dispatcher;
  readonly roster: Roster;
  readonly policy: StartPolicy;
  /** Name of the queue discipline. */
  readonly queue: string;
  /** Name of the selection strategy. */
  readonly selection: string;
}

/** The calls that wait, and what for: the first of each line, so that a long queue costs no more than a short one. */
export function waitingCalls({
  clock,
  calls,
  roster,
  policy,
  queue,
  selection,
}: WaitingParts): WaitingCall[] {
  if (calls.waiting === 0) return [];
  const now = clock.now();
  const epochOf = (moment: number) => Math.round(clock.epochMs() - (now - moment));
  const shown: WaitingCall[] = [];
  /** @param given workers that have each call, and have not failed it */
  const show = (
    line: Iterable<QueuedCall>,
    most: number,
    reasonOf: (ahead: number) => Reason,
    given: 0 | 1 = 0,
  ) => {
    let ahead = 0;
    for (const entry of line) {
      if (ahead === most) return;
      const { id, kind, name, submittedAt, attributes, session, attempts } = entry as PendingCall;
      const about = { id, kind, name, since: epochOf(submittedAt), attributes, session };
      shown.push({ ...about, attempts: attempts - given, ahead, ...reasonOf(ahead) });
      ahead += 1;
    }
  };
  const anyWorker = anyWorkerReason(roster, policy, selection, now);
  const held: Reason = { waitsFor: { kind: 'discipline', queue }, why: `${queue}() holds it back` };
  const { eligible } = calls.queue;
  show(calls.queue, QUEUE_SHOWN, (ahead) => (ahead < eligible ? anyWorker : held));
  for (const { id: workerId, inFlight: running, bound } of roster.ready) {
    const why = `only worker ${workerId} may take it, which is busy with ${running}`;
    const reason: Reason = { waitsFor: { kind: 'one-worker', workerId, running }, why };
    show(bound, LINE_SHOWN, () => reason);
  }
  for (const { id: workerId, inFlight: running, ahead, running: given } of roster.all) {
    if (ahead === 0) continue;
    const why = `sent ahead to worker ${workerId}, behind the ${running} that it runs`;
    const reason: Reason = { waitsFor: { kind: 'sent-ahead', workerId, running }, why };
    const line = [...given].slice(running).map(({ call }) => call);
    show(line, LINE_SHOWN, () => reason, 1);
  }
  for (const { name, running, limit, held: line } of calls.limits.lines) {
    const why = `${running} of "${name}" run, and at most ${limit} may at once`;
    const reason: Reason = { waitsFor: { kind: 'function', running, limit }, why };
    // Held once, the first may run by now, and wait for a place like any other.
    show(line, LINE_SHOWN, (ahead) => (ahead < limit - running ? anyWorker : reason));
  }
  return shown;
}

type Reason = Pick<WaitingCall, 'waitsFor' | 'why'>;

function anyWorkerReason(roster: Roster, policy: StartPolicy, selection: string, now: number): Reason {
  const starting = [...roster.all]
    .filter(({ state }) => state.kind === 'starting')
    .map(({ id, startedAt }) => ({ workerId: id, startingMs: Math.round(now - startedAt) }));
  const free = roster.ready.filter(hasFreePlace).length;
  const busy = roster.ready.length - free;
  const pauseMs = Math.round(policy.pausedUntil - now);
  const nextStartMs = pauseMs > 0 && starting.length === 0 ? pauseMs : undefined;
  const why = [
    free > 0
      ? `selection "${selection}" chooses none of the ${free} workers that have a free place`
      : busy === 0
        ? 'no worker is up'
        : `all ${busy} workers are busy`,
    ...starting.map(({ workerId, startingMs }) => `${workerId} has been starting for ${startingMs} ms`),
    ...(nextStartMs === undefined ? [] : [`the next start is tried in ${nextStartMs} ms`]),
  ].join('; ');
  const circuit = policy.circuit.state;
  return { waitsFor: { kind: 'any-worker', busy, free, starting, nextStartMs, circuit }, why };
}
