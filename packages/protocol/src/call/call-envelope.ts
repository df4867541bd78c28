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

const ROOTS: readonly string[] = ['name', 'args', 'kwargs', 'meta'];

/**
 * Write the envelope of a CALL: `[name, args, kwargs, meta]`, trailing parts left off where there are none.
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
  // What is in the meta of nearly every call is ours: numbers, and lists of places.
  const isOurs =
    meta !== undefined &&
    meta.attributes === undefined &&
    meta.session === undefined &&
    meta.traceparent === undefined;
  // One stringify for all parts.
  const parts: unknown[] =
    meta !== undefined
      ? [name, positional ?? null, keywords ?? null, meta]
      : keywords !== undefined
        ? [name, positional ?? null, keywords]
        : positional !== undefined && positional.length > 0
          ? [name, positional]
          : [name];
  const { text, tagged, buffers } = codec.encodeAll(parts, ROOTS, isOurs ? 3 : parts.length);
  return { envelope: text, tagged, buffers };
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
