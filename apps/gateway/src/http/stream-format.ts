import { problemJson, type Problem } from '../errors/problem.js';
import { toJson } from './json.js';

/** How the items of a stream are written. */
export interface StreamFormat {
  readonly contentType: string;
  item(value: unknown): string;
  /** After the last item: without this or {@link failure}, what was read is not all. */
  readonly end: string;
  failure(problem: Problem): string;
}

/** Server-sent events: an unnamed one for each item, then `end` or `error`. */
export const SSE: StreamFormat = {
  contentType: 'text/event-stream; charset=utf-8',
  item: (value) => `data: ${toJson(value)}\n\n`,
  end: 'event: end\ndata: {}\n\n',
  failure: (problem) => `event: error\ndata: ${problemJson(problem)}\n\n`,
};

/** A line of JSON each: `{"item": value}`, then `{"end": true}` or `{"error": problem}`. */
export const NDJSON: StreamFormat = {
  contentType: 'application/x-ndjson; charset=utf-8',
  item: (value) => `{"item":${toJson(value)}}\n`,
  end: '{"end":true}\n',
  failure: (problem) => `{"error":${problemJson(problem)}}\n`,
};

/** What a client asks for by `Accept`; `undefined`: no stream. */
export function streamFormatOf(accept: string | undefined): StreamFormat | undefined {
  if (accept === undefined) return undefined;
  if (accept.includes('text/event-stream')) return SSE;
  return /application\/(x-)?ndjson|application\/jsonl/.test(accept) ? NDJSON : undefined;
}

/** Whether a client would also take a plain answer. */
export function takesPlain(accept: string): boolean {
  return /application\/json|application\/octet-stream|\*\/\*/.test(accept);
}
