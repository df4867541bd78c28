import { createError } from '../errors/create-error.js';
import type { PypoolError } from '../errors/error.js';
import { protocolError } from '../errors/protocol-error.js';
import { MAX_DEPTH, MAX_ENVELOPE_DEPTH, isDeeperThan } from './depth.js';
import { isPlain } from './plain.js';
import { Tagging } from './tagging.js';
import { Untagging } from './untagging.js';
import type { ValueType } from './value-type.js';

/** A value as it travels. */
export interface EncodedValue {
  /** JSON. */
  readonly text: string;
  /** Whether `text` holds tagged values. */
  readonly tagged: boolean;
  /** What the tags refer to. Views of the caller's memory, not copies: those over 16 KiB are read until the call settles and must not be changed or transferred before. */
  readonly buffers: readonly Uint8Array[];
}

/** The parts of a frame that make a value. */
export interface EncodedEnvelope {
  readonly envelope: string;
  readonly tagged: boolean;
  readonly buffers: readonly Uint8Array[];
}

/** Turns values into JSON and buffers and back, exactly (SPEC.md section 5). */
export interface ValueCodec {
  /**
   * Buffers of the value over 16 KiB are not copied when they are sent: they are read until the call settles, and must not be changed or
   * transferred before.
   *
   * @param root - What to call the value in an error, for example `"args"`.
   * @throws UsageError `unencodable`; its context names the path and the type.
   */
  encode(value: unknown, root?: string): EncodedValue;
  /**
   * Encode several lists or records of values as one JSON array with one list of buffers, as CALL needs it. Depth counts from the
   * values inside each.
   *
   * @param roots - What to call each in an error.
   * @param around - JSON texts that stand in that array before and after them, as they are. None unless said.
   * @throws UsageError `unencodable`.
   */
  encodeAll(
    lists: readonly unknown[],
    roots: readonly string[],
    around?: { readonly before?: string; readonly after?: string | undefined },
  ): EncodedValue;
  /**
   * The typed arrays of the result share memory with `buffers`.
   *
   * @throws CommunicationError `protocol` for anything malformed: the connection is lost.
   * @throws UsageError `unencodable` where a registered type is missing here or refuses its value: one call is lost.
   */
  decode(encoded: EncodedEnvelope): unknown;
}

/** What a codec can be told. */
export interface ValueCodecOptions {
  /** Types of the application's own. @defaultValue none */
  readonly types?: readonly ValueType[];
}

const NO_BUFFERS: readonly Uint8Array[] = Object.freeze([]);

/** Text shorter than this cannot hold brackets enough to be nested too deep. */
const DEEP_FROM = 2 * MAX_ENVELOPE_DEPTH;

/** Make a codec. It has no state but its types, so one serves a whole process. */
export function createValueCodec(options: ValueCodecOptions = {}): ValueCodec {
  const types = options.types ?? [];
  const typesByName = new Map(types.map((type) => [type.name, type]));
  return {
    encode(value, root = 'value') {
      if (value === undefined) return { text: 'null', tagged: false, buffers: NO_BUFFERS };
      if (isSurelyPlain(value)) return { text: stringify(value), tagged: false, buffers: NO_BUFFERS };
      const tagging = new Tagging(types);
      const text = stringify(tagging.encode(value, root));
      return { text, tagged: tagging.tagged, buffers: tagging.buffers };
    },
    encodeAll(lists, roots, { before, after } = {}) {
      if (areSurelyPlain(lists))
        return { text: arrayOf(before, lists, after), tagged: false, buffers: NO_BUFFERS };
      const tagging = new Tagging(types);
      const encoded = lists.map((list, index) => tagging.encode(list, roots[index] ?? `[${index}]`, 1));
      return { text: arrayOf(before, encoded, after), tagged: tagging.tagged, buffers: tagging.buffers };
    },
    decode({ envelope, tagged, buffers }) {
      const value = parse(envelope);
      if (tagged || mayHoldProto(envelope)) return new Untagging(typesByName, buffers, tagged).decode(value);
      if (envelope.length > DEEP_FROM && isDeeperThan(value, MAX_ENVELOPE_DEPTH)) {
        throw protocolError(`a value is nested more than ${MAX_ENVELOPE_DEPTH} deep`);
      }
      return value;
    },
  };
}

function isSurelyPlain(value: unknown): boolean {
  try {
    return isPlain(value, MAX_DEPTH);
  } catch {
    // A getter or a proxy threw. The careful way meets the same, and can say where.
    return false;
  }
}

/** Whether each of them is: the list of them is ours. */
function areSurelyPlain(lists: readonly unknown[]): boolean {
  try {
    for (const list of lists) {
      if (!isPlain(list, MAX_DEPTH - 1)) return false;
    }
    return true;
  } catch {
    return false;
  }
}

/** Whether an object in this JSON may have the key `__proto__`, written plainly or with escapes. False alarms only cost time. */
function mayHoldProto(text: string): boolean {
  return text.includes('__proto__') || (text.includes('\\u00') && /\\u00(?:5f|6f|7[024])/i.test(text));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw protocolError('the envelope is not JSON', undefined, cause);
  }
}

/** A JSON array: what is text already, the values, and what else is text. */
function arrayOf(before: string | undefined, values: readonly unknown[], after: string | undefined): string {
  try {
    let text = before === undefined ? '[' : `[${before}`;
    for (const value of values) {
      if (text.length > 1) text += ',';
      text += value === undefined || value === null ? 'null' : textOf(value);
    }
    if (after === undefined) return `${text}]`;
    return text.length > 1 ? `${text},${after}]` : `[${after}]`;
  } catch (cause) {
    throw tooLarge(cause);
  }
}

function stringify(value: unknown): string {
  try {
    return textOf(value);
  } catch (cause) {
    throw tooLarge(cause);
  }
}

/** `null` as in an array, where a `toJSON` that the walk does not see (hidden, or made up by a proxy) says that there is nothing: no text would be no JSON. */
function textOf(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  return text ?? 'null';
}

/** Plain data fails for one reason only: the text is longer than a JavaScript string may be. */
function tooLarge(cause: unknown): PypoolError {
  return createError({
    code: 'frame-too-large',
    message:
      'A value is too large to be written as one JSON text. Send bytes or typed arrays, or several calls.',
    cause,
  });
}
