import { createHash } from 'node:crypto';
import type * as Protocol from '@pypool/protocol';
import type { Ending, FrameVerdict } from '../judge/verdict.js';
import { INCOMPARABLE, Point, canon } from './canon.js';
import { Makers } from './makers.js';

/** The zod schemas of the envelopes, by frame type. */
export type Schemas = Readonly<Record<number, { safeParse(value: unknown): { readonly success: boolean } }>>;

interface Outcome {
  readonly ending: Ending;
  readonly value?: unknown;
  readonly why: string;
}

/** What Node only ever writes, so that it has a schema and no reader. */
const CALLS: ReadonlySet<number> = new Set([1, 5]);
const PLAIN: ReadonlySet<number> = new Set([17, 20, 22, 23, 24, 26]);

const MAY_HOLD_PROTO = /__proto__|\\u00(?:5f|6f|7[024])/i;

/** Reads the envelopes of frames: as values, as messages by hand, and by schema. */
export class FrameJudge {
  readonly #protocol: typeof Protocol;
  readonly #schemas: Schemas;
  readonly #codec: Protocol.ValueCodec;
  readonly #makers: Makers;
  readonly #parsers: Readonly<Record<number, (frame: Protocol.Frame) => unknown>>;

  constructor(protocol: typeof Protocol, schemas: Schemas) {
    this.#protocol = protocol;
    this.#schemas = schemas;
    this.#codec = protocol.createValueCodec({ types: [pointType] });
    this.#makers = new Makers(protocol);
    const codec = this.#codec;
    this.#parsers = {
      3: (frame) => protocol.parseError(frame, codec),
      4: (frame) => protocol.parseItems(frame, codec),
      16: protocol.parseHello,
      17: protocol.parseWelcome,
      18: protocol.parseReady,
      19: (frame) => protocol.parseError(frame),
      20: protocol.parsePing,
      21: protocol.parsePong,
      22: protocol.parseCancel,
      23: protocol.parseCredit,
      25: protocol.parseRevoked,
      27: protocol.parseLog,
      28: (frame) => protocol.parseEvent(frame),
    };
  }

  judge(frame: Protocol.Frame, faults: string[], meanings?: string[]): FrameVerdict {
    const value = this.#attempt(() => this.#codec.decode(frame), faults);
    let meaning = '';
    if (value.ending === 'ok') {
      const whole = canon(value.value, this.#protocol);
      meanings?.push(whole);
      meaning = whole.includes(INCOMPARABLE) ? INCOMPARABLE : digest(whole);
      this.#goesAndComesBack(value.value, whole, faults);
      this.#makers.tryOn(value.value, faults);
    }
    const message = this.#message(frame, value, faults);
    return {
      type: frame.type,
      tagged: frame.tagged,
      value: value.ending,
      message: message.ending,
      meaning,
      why: value.why || message.why,
    };
  }

  /** As a CALL is: texts at either end are written as JSON by whoever sends it. */
  #encodeParts(parts: readonly unknown[]): Protocol.EncodedValue {
    const text = (part: unknown) => (typeof part === 'string' ? JSON.stringify(part) : undefined);
    const before = text(parts[0]);
    const after = parts.length > 1 ? text(parts.at(-1)) : undefined;
    const between = parts.slice(before === undefined ? 0 : 1, after === undefined ? undefined : -1);
    return this.#codec.encodeAll(between, ['args', 'kwargs'], {
      ...(before !== undefined && { before }),
      after,
    });
  }

  /** Whatever decodes can be sent again, and is then the same, unless it is too deep to be sent or a marker. */
  #goesAndComesBack(value: unknown, before: string, faults: string[]): void {
    let text: string;
    let encoded: Protocol.EncodedValue;
    try {
      // The parts of a CALL are encoded together, each by itself.
      encoded = Array.isArray(value) ? this.#encodeParts(value) : this.#codec.encode(value);
      text = encoded.text;
    } catch (error) {
      const refused = this.#protocol.isPypoolError(error) && error.code === 'unencodable';
      if (!refused) faults.push(`crash: encoding what was decoded: ${String(error)}`);
      else if (!/nested more than|a marker for/.test(error.message))
        faults.push(`roundtrip: ${error.message}`);
      return;
    }
    const again = this.#attempt(
      () =>
        this.#codec.decode({ envelope: text, tagged: encoded.tagged, buffers: encoded.buffers.map(aligned) }),
      faults,
    );
    if (again.ending !== 'ok') faults.push(`roundtrip: what was decoded comes back as ${again.ending}`);
    else if (canon(again.value, this.#protocol) !== before)
      faults.push('roundtrip: what was decoded comes back changed');
  }

  /** By hand where there is a reader, by schema always; both have to say the same. */
  #message(frame: Protocol.Frame, value: Outcome, faults: string[]): Outcome {
    const parser = this.#parsers[frame.type];
    if (parser === undefined) return this.#bySchema(frame, value);
    const read = this.#attempt(() => parser(frame), faults);
    const schema =
      value.ending !== 'ok' || this.#accepts(frame.type, value.value) ? value.ending : 'protocol';
    // Control messages know no registered types: those that hold some are read by the codec above alone.
    if (read.ending !== schema && !holdsType(frame))
      faults.push(`schema: type ${frame.type} is ${read.ending} by hand and ${schema} by schema`);
    if (PLAIN.has(frame.type)) return this.#bySchema(frame, value);
    // An object with such a key is a map here, and no message.
    return MAY_HOLD_PROTO.test(frame.envelope) ? { ...read, ending: 'none' } : read;
  }

  #bySchema(frame: Protocol.Frame, value: Outcome): Outcome {
    if (value.ending !== 'ok') return value;
    const accepts = (checked: unknown): boolean => this.#accepts(frame.type, checked);
    const isRight = (): boolean => {
      if (PLAIN.has(frame.type))
        return !frame.tagged && frame.buffers.length === 0 && accepts(JSON.parse(frame.envelope));
      if (!CALLS.has(frame.type)) return accepts(value.value);
      // A map with names as keys is as good as an object; nothing else that tags stand for is, which the schema cannot say.
      const raw: unknown = JSON.parse(frame.envelope);
      if (!accepts(raw)) return false;
      const parts = (value.value as unknown[]).map((part, index) => (index > 1 ? asRecord(part) : part));
      return accepts(parts) && isRecord(parts[3] ?? {});
    };
    // Inside meta a tagged integer is no number here, and one like any other in Python. Node writes none.
    const [, , , meta] =
      CALLS.has(frame.type) && Array.isArray(value.value) ? (value.value as unknown[]) : [];
    if (frame.tagged && holdsTagged(meta)) return { ending: 'none', why: '' };
    return { ending: isRight() ? 'ok' : 'protocol', why: '' };
  }

  #accepts(type: number, value: unknown): boolean {
    return this.#schemas[type]?.safeParse(value).success ?? true;
  }

  #attempt(action: () => unknown, faults: string[]): Outcome {
    try {
      return { ending: 'ok', value: action(), why: '' };
    } catch (error) {
      if (this.#protocol.isPypoolError(error)) {
        if (error.code === 'protocol') return { ending: 'protocol', why: error.message };
        if (error.code === 'unencodable') return { ending: 'impossible', why: error.message };
      }
      faults.push(`crash: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      return { ending: 'none', why: '' };
    }
  }
}

/** Whether a value that was decoded, or one that it holds, cannot have been plain JSON. */
function holdsTagged(value: unknown): boolean {
  if (typeof value !== 'object' || value === null)
    return typeof value === 'bigint' || typeof value === 'number';
  if (!Array.isArray(value) && !isRecord(value)) return true;
  return Object.values(value).some(holdsTagged);
}

function asRecord(value: unknown): unknown {
  const isOne = value instanceof Map && [...value.keys()].every((key) => typeof key === 'string');
  return isOne ? Object.fromEntries(value) : value;
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function holdsType(frame: Protocol.Frame): boolean {
  return frame.tagged && frame.envelope.includes('"type"');
}

/** What the encoder hands out are views of any memory; what arrives is aligned. */
function aligned(view: Uint8Array): Uint8Array {
  return Uint8Array.from(view);
}

function digest(text: string): string {
  return createHash('sha1').update(text).digest('hex').slice(0, 12);
}

const pointType: Protocol.ValueType<Point> = {
  name: 'point',
  is: (value): value is Point => value instanceof Point,
  encode: ({ x, y }) => ({ x, y }),
  decode: (payload) => new Point(field(payload, 'x'), field(payload, 'y')),
};

function field(payload: unknown, name: string): unknown {
  if (payload instanceof Map && payload.has(name)) return payload.get(name);
  if (
    typeof payload === 'object' &&
    payload !== null &&
    Object.hasOwn(payload, name) &&
    !Array.isArray(payload)
  )
    return (payload as Record<string, unknown>)[name];
  throw new Error(`no ${name}`);
}
