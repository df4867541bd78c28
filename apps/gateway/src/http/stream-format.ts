import type { ExposedFunction } from '@pypool/protocol';
import { problemJson, type Problem } from '../errors/problem.js';
import { RequestError } from '../errors/request-error.js';
import { isBytes } from '../functions/argument-check.js';
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

/**
 * How a function is answered to who asks by this `Accept`; `undefined`: with its one result.
 *
 * A stream is one whatever is asked for. What is none is asked for as one only where its hint tells of items: a decorated generator is a plain
 * function to Python.
 *
 * @throws RequestError 406, where nothing but a stream is taken of what is none: it would have run for an answer that nobody gets
 */
export function formatOf(accept: string | undefined, told: ExposedFunction): StreamFormat | undefined {
  const asked = askedFormat(accept);
  if (told.stream) return asked ?? NDJSON;
  if (asked === undefined || TAKES_PLAIN.test(accept!)) return undefined;
  if (TELLS_OF_ITEMS.test(told.signature?.returns?.hint ?? '')) return asked;
  const type = isBytes(told.signature?.returns?.schema ?? {})
    ? 'application/octet-stream'
    : 'application/json';
  throw new RequestError(
    406,
    'not-acceptable',
    `${told.name}() is no stream: it is answered as ${type}, which "Accept: ${accept}" does not take. Send "Accept: ${type}", or no Accept.`,
  );
}

/** What takes a plain answer. */
const TAKES_PLAIN = /application\/(?:json|octet-stream|\*)|\*\/\*/i;

/** A return hint such as `Iterator[int]`, or `typing.AsyncGenerator[str, None]`. */
const TELLS_OF_ITEMS = /^(?:\w+\.)*(?:Async)?(?:Iterator|Iterable|Generator)\b/;

function askedFormat(accept: string | undefined): StreamFormat | undefined {
  if (accept === undefined) return undefined;
  if (/text\/event-stream/i.test(accept)) return SSE;
  return /application\/(?:(?:x-)?ndjson|jsonl)/i.test(accept) ? NDJSON : undefined;
}
