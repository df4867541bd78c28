import { UsageError } from '../errors/errors.js';
import type { EncodedEnvelope, ValueCodec } from '../value/codec.js';
import { isPlainObject } from '../value/plain.js';
import type { CallMeta } from './outgoing-call.js';

/** What the `meta` of a CALL frame holds: the caller's part, and what the worker adds. */
export interface WireMeta extends CallMeta {
  /** First credit window; makes the call a stream. */
  readonly credit?: number;
  /** First credit in bytes. */
  readonly creditBytes?: number;
  /** Which arguments are inputs: their indices and keywords. */
  readonly inputs?: readonly (number | string)[];
}

const ROOTS: readonly string[] = ['args', 'kwargs', 'meta'];

/**
 * Write the envelope of a CALL: `[name, args, kwargs, meta]`, trailing parts left off where there are none.
 *
 * What one call has in common with the next, its function and nearly always the millisecond of its deadline, is written as JSON once: V8 takes as long to
 * write these as it takes for a few short arguments.
 *
 * @param args - An array is positional, a plain object is keywords, an object with exactly the keys `args` and `kwargs` is both,
 *   `undefined` is none.
 * @throws UsageError `unencodable`, or `invalid-arguments` for `args` of another kind.
 */
export function encodeCallEnvelope(
  codec: ValueCodec,
  name: string,
  args: unknown,
  meta: WireMeta | undefined,
): EncodedEnvelope {
  const { positional, keywords } = normalise(name, args);
  const before = quoted(name);
  const after = meta === undefined ? undefined : usualText(meta);
  const parts: unknown[] =
    after !== undefined
      ? [positional, keywords]
      : meta !== undefined
        ? [positional, keywords, meta]
        : keywords !== undefined
          ? [positional, keywords]
          : positional !== undefined && positional.length > 0
            ? [positional]
            : [];
  const { text, tagged, buffers } = codec.encodeAll(parts, ROOTS, { before, after });
  return { envelope: text, tagged, buffers };
}

/** Modules serve few functions; of one that serves more, this knows those that were called lately. */
const MAX_NAMES = 1_000;

/** Longer names are none that anybody calls often. */
const MAX_NAME_LENGTH = 100;

const quotedNames = new Map<string, string>();

function quoted(name: string): string {
  let text = quotedNames.get(name);
  if (text === undefined) {
    text = JSON.stringify(name);
    if (name.length > MAX_NAME_LENGTH) return text;
    if (quotedNames.size >= MAX_NAMES) quotedNames.clear();
    quotedNames.set(name, text);
  }
  return text;
}

let lastDeadline = NaN;
let lastText = '';

/** The JSON of a meta that holds the deadline, a trace or nothing else; `undefined` for any other. */
function usualText(meta: WireMeta): string | undefined {
  const { deadline, traceparent, tracestate } = meta;
  const isUsual =
    deadline !== undefined &&
    (meta.session ?? meta.attributes ?? meta.credit ?? meta.creditBytes ?? meta.inputs) === undefined;
  if (!isUsual) return undefined;
  if (deadline !== lastDeadline) {
    lastText = `{"deadline":${JSON.stringify(deadline)}`;
    lastDeadline = deadline;
  }
  let text = lastText;
  if (traceparent !== undefined) text += `,"traceparent":${JSON.stringify(traceparent)}`;
  if (tracestate !== undefined) text += `,"tracestate":${JSON.stringify(tracestate)}`;
  return `${text}}`;
}

interface Arguments {
  readonly positional: readonly unknown[] | undefined;
  readonly keywords: Readonly<Record<string, unknown>> | undefined;
}

const NONE: Arguments = { positional: undefined, keywords: undefined };

function normalise(name: string, args: unknown): Arguments {
  if (args === undefined) return NONE;
  if (Array.isArray(args)) return { positional: args, keywords: undefined };
  if (!isPlainObject(args)) {
    throw new UsageError({
      code: 'invalid-arguments',
      message: `The arguments of ${name} are an array (positional), a plain object (keywords) or { args, kwargs }; got ${describe(args)}.`,
      context: { function: name },
    });
  }
  if (!('args' in args && 'kwargs' in args && Object.keys(args).length === 2)) {
    return { positional: undefined, keywords: args };
  }
  const { args: positional, kwargs: keywords } = args;
  if (!Array.isArray(positional) || !isPlainObject(keywords)) {
    throw new UsageError({
      code: 'invalid-arguments',
      message: `In { args, kwargs } of ${name}, args is an array and kwargs a plain object; got ${describe(positional)} and ${describe(keywords)}.`,
      context: { function: name },
    });
  }
  return { positional, keywords };
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  return Array.isArray(value) ? 'an array' : Object.prototype.toString.call(value).slice(8, -1);
}
