import type {
  LiveFailure,
  LiveFunction,
  LiveLog,
  LivePool,
  LiveSample,
  LiveSessions,
  LiveWaiting,
  LiveWorker,
} from '../../../src/live/messages.js';
import type { NamedMessage } from './feed.js';

/** A line of log with a number of its own, which orders lines and tells them apart. */
export interface NumberedLog extends LiveLog {
  readonly number: number;
}

/** Failures that are alike: of one function, with one code, and one message but for the numbers that pypool puts into it. */
export interface FailureGroup {
  readonly number: number;
  readonly count: number;
  readonly firstTime: number;
  /** The latest of them. */
  readonly latest: LiveFailure;
}

/** One second; `null` where the page has not been told. */
export type Second = { readonly [Key in keyof LiveSample]: Key extends 'time' ? number : number | null };

/** What the page knows. A part that a message does not change stays the same object. */
export interface PageState {
  readonly pool: LivePool | undefined;
  readonly workers: readonly LiveWorker[] | undefined;
  /** Of each slot the worker that died in it last. The server shows it only until another takes the slot, which may be at once. */
  readonly deaths: ReadonlyMap<number, LiveWorker>;
  /** One for each second of the window, oldest first, without a gap. */
  readonly samples: readonly Second[];
  readonly waiting: LiveWaiting | undefined;
  readonly sessions: LiveSessions | undefined;
  readonly functions: readonly LiveFunction[] | undefined;
  /** The kind that was first seen last comes first, so that a reader's place stays where it is. */
  readonly failures: readonly FailureGroup[];
  /** Oldest first. */
  readonly logs: readonly NumberedLog[];
  /** Lines and failures that have come so far. */
  readonly counted: number;
  /** Messages that the server left out for us. */
  readonly dropped: number;
}

/** How much of the past charts show. */
export const WINDOW_SECONDS = 300;
const MOST_FAILURES = 50;
const MOST_LOGS = 1_000;

/** Before the first message. */
export const NOTHING_KNOWN: PageState = {
  pool: undefined,
  workers: undefined,
  deaths: new Map(),
  samples: [],
  waiting: undefined,
  sessions: undefined,
  functions: undefined,
  failures: [],
  logs: [],
  counted: 0,
  dropped: 0,
};

/** What is known after a message. */
export function receive(state: PageState, { name, message }: NamedMessage): PageState {
  switch (name) {
    case 'history': {
      // All there was: a reconnected page starts over with it, so that nothing is shown twice.
      const empty = { ...state, samples: [], failures: [], logs: [] };
      let samples: readonly Second[] = [];
      // Of the past, the server leaves out seconds in which nothing was called.
      for (const sample of message.samples) samples = addSample(samples, sample, 0);
      return message.logs.reduce(addLog, message.failures.reduce(addFailure, { ...empty, samples }));
    }
    case 'sample':
      // A second that is missing now was dropped, or the server was too busy to tell it.
      return { ...state, samples: addSample(state.samples, message, null) };
    case 'workers':
      return { ...state, workers: message, deaths: addDeaths(state.deaths, message) };
    case 'waiting':
    case 'sessions':
    case 'functions':
    case 'pool':
      return { ...state, [name]: message };
    case 'failure':
      return addFailure(state, message);
    case 'log':
      return addLog(state, message);
    case 'dropped':
      return { ...state, dropped: state.dropped + message.messages };
    default:
      // Of a newer server.
      return state;
  }
}

function addSample(samples: readonly Second[], sample: LiveSample, calls: 0 | null): readonly Second[] {
  const last = samples.at(-1)?.time ?? sample.time - 1000;
  if (sample.time <= last) return samples;
  const gap: Second[] = [];
  const from = Math.max(last + 1000, sample.time - WINDOW_SECONDS * 1000);
  for (let time = from; time < sample.time; time += 1000)
    gap.push({ time, calls, failures: calls, p50Ms: null, p99Ms: null, queued: null, running: null });
  return [...samples, ...gap, sample].slice(-WINDOW_SECONDS);
}

function addDeaths(deaths: PageState['deaths'], workers: readonly LiveWorker[]): PageState['deaths'] {
  const dead = workers.filter((worker) => hasDied(worker) && deaths.get(worker.slot)?.id !== worker.id);
  return dead.length === 0
    ? deaths
    : new Map([...deaths, ...dead.map((worker) => [worker.slot, worker] as const)]);
}

/** Whether a worker is gone that nobody has let go. */
export function hasDied({ state, reason }: LiveWorker): boolean {
  return state === 'gone' && reason !== 'stopped';
}

function addFailure(state: PageState, latest: LiveFailure): PageState {
  const counted = state.counted + 1;
  const at = state.failures.findIndex((group) => isAlike(group.latest, latest));
  const known = state.failures[at];
  const failures =
    known === undefined
      ? [{ number: counted, count: 1, firstTime: latest.time, latest }, ...state.failures].slice(
          0,
          MOST_FAILURES,
        )
      : state.failures.with(at, { ...known, count: known.count + 1, latest });
  return { ...state, counted, failures };
}

function isAlike(a: LiveFailure, b: LiveFailure): boolean {
  return a.function === b.function && a.code === b.code && kindOf(a) === kindOf(b);
}

/** What pypool says of two calls that ran out of time differs by milliseconds, and by workers and pids. What Python says is compared as it stands. */
function kindOf({ category, message }: LiveFailure): string {
  return category === 'python' ? message : message.replace(/\d[\d.]*/g, '0');
}

function addLog(state: PageState, log: LiveLog): PageState {
  const counted = state.counted + 1;
  return { ...state, counted, logs: [...state.logs.slice(1 - MOST_LOGS), { ...log, number: counted }] };
}
