import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import {
  CONTROL_FROM_NODE,
  CONTROL_FROM_PYTHON,
  FrameDecoder,
  FrameEncoder,
  FrameType,
  REPLY_TYPES,
  REQUEST_TYPES,
  createValueCodec,
  isPypoolError,
  negotiate,
  parseCancel,
  parseCredit,
  parseDumped,
  parseError,
  parseEvent,
  parseHello,
  parseLog,
  parseMapped,
  parsePing,
  parsePong,
  parsePull,
  parseReady,
  parseRevoked,
  parseSegments,
  parseWelcome,
  pythonErrorFrom,
} from '@pypool/protocol';
import type { Frame, FrameLimits, PlacedBuffer, VersionRange } from '@pypool/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ENVELOPE_SCHEMAS, errorObject } from '../src/message/schemas.js';
import { type Described, pointType, valueOf } from './described.js';

/** The golden vectors that Python's tests read too. vectors/README.md describes their form. */
function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8')) as T;
}

interface DescribedFrame {
  readonly type: number;
  readonly tagged: boolean;
  readonly callId: number;
  readonly envelope: string;
  readonly buffers: readonly string[];
  readonly placed?: readonly PlacedBuffer[];
}

interface Envelope {
  readonly name: string;
  readonly text: string;
  readonly tagged?: boolean;
  readonly buffers?: readonly string[];
}

interface ErrorVector extends Envelope {
  readonly code: string;
  readonly outcome: string;
}

const CHANNELS: Readonly<Record<string, ReadonlySet<number>>> = {
  requests: REQUEST_TYPES,
  replies: REPLY_TYPES,
  'control-from-node': CONTROL_FROM_NODE,
  'control-from-python': CONTROL_FROM_PYTHON,
};

const codec = createValueCodec({ types: [pointType] });

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

function decode({ text, tagged, buffers }: Envelope): unknown {
  return codec.decode({ envelope: text, tagged: tagged ?? false, buffers: (buffers ?? []).map(fromHex) });
}

function codeOf(action: () => unknown): string {
  try {
    action();
    return 'none';
  } catch (error) {
    return isPypoolError(error) ? error.code : String(error);
  }
}

describe('frames.json', () => {
  interface Valid {
    readonly name: string;
    readonly channel: string;
    readonly hex: string;
    readonly frames: readonly DescribedFrame[];
    readonly encodes: boolean;
  }
  interface Malformed extends Omit<Valid, 'frames' | 'encodes'> {
    readonly error: string;
    readonly at: 'push' | 'end';
  }
  interface Refused {
    readonly name: string;
    readonly frame: DescribedFrame;
    readonly error: string;
  }
  const vectors = read<{ limits: FrameLimits; valid: Valid[]; malformed: Malformed[]; refused: Refused[] }>(
    'frames',
  );
  const { limits } = vectors;

  /** Every split for short frames, a few for long ones. */
  function splits(bytes: Uint8Array): Uint8Array[][] {
    const step = Math.max(1, Math.floor(bytes.length / 100));
    const ways = [[bytes], Array.from(bytes, (byte) => Uint8Array.of(byte))];
    for (let cut = 0; cut <= bytes.length; cut += step)
      ways.push([bytes.subarray(0, cut), bytes.subarray(cut)]);
    return ways;
  }

  function framesIn(chunks: readonly Uint8Array[], channel: string): DescribedFrame[] {
    const frames: DescribedFrame[] = [];
    const onFrame = (frame: Frame): number => frames.push({ ...frame, buffers: frame.buffers.map(toHex) });
    const decoder = new FrameDecoder({ limits, accepts: CHANNELS[channel]!, onFrame });
    for (const chunk of chunks) decoder.push(chunk);
    decoder.end();
    return frames;
  }

  it.each(vectors.valid)('reads $name', ({ hex, channel, frames }) => {
    for (const chunks of splits(fromHex(hex))) {
      expect(isDeepStrictEqual(framesIn(chunks, channel), frames)).toBe(true);
    }
  });

  it.each(vectors.valid.filter(({ encodes }) => encodes))('writes $name', ({ hex, frames }) => {
    const encoder = new FrameEncoder(limits);
    for (const frame of frames) encoder.push({ ...frame, buffers: frame.buffers.map(fromHex) });
    expect(Buffer.concat(encoder.take()).toString('hex')).toBe(hex);
  });

  it.each(vectors.malformed)('refuses to read $name', ({ hex, channel, error, at }) => {
    for (const chunks of splits(fromHex(hex))) {
      const decoder = new FrameDecoder({ limits, accepts: CHANNELS[channel]!, onFrame: () => undefined });
      const pushed = codeOf(() => {
        for (const chunk of chunks) decoder.push(chunk);
      });
      expect(pushed).toBe(at === 'push' ? error : 'none');
      expect(codeOf(() => decoder.end())).toBe(error);
    }
  });

  it.each(vectors.refused)('refuses to write $name', ({ frame, error }) => {
    const encoder = new FrameEncoder(limits);
    expect(codeOf(() => encoder.push({ ...frame, buffers: frame.buffers.map(fromHex) }))).toBe(error);
    expect(encoder.take()).toEqual([]);
  });
});

describe('fuzz.json', () => {
  interface Input {
    readonly name: string;
    readonly channel: string;
    readonly limits: FrameLimits;
    readonly hex: string;
    readonly error: string;
    readonly frames: number;
    readonly values: readonly { readonly javascript: string }[];
  }
  const { inputs } = read<{ inputs: Input[] }>('fuzz');
  const ENDINGS: Readonly<Record<string, string>> = { none: 'ok', unencodable: 'impossible' };

  it.each(inputs)('reads $name as it was read when it was kept', ({ channel, limits, hex, ...kept }) => {
    const frames: Frame[] = [];
    const onFrame = (frame: Frame): number => frames.push(frame);
    const decoder = new FrameDecoder({ limits, accepts: CHANNELS[channel]!, onFrame });
    const error = codeOf(() => {
      decoder.push(fromHex(hex));
      decoder.end();
    });
    const values = frames.slice(0, kept.values.length).map((frame) => codeOf(() => codec.decode(frame)));
    expect({ error, frames: frames.length, values: values.map((code) => ENDINGS[code] ?? code) }).toEqual({
      error: kept.error,
      frames: kept.frames,
      values: kept.values.map(({ javascript }) => javascript),
    });
  });
});

describe('values.json', () => {
  interface Language {
    readonly sends?: Described;
    readonly receives?: Described;
  }
  interface Valid extends Required<Envelope> {
    readonly javascript?: Language;
  }
  interface Unencodable {
    readonly name: string;
    readonly language: string;
    readonly root: string;
    readonly value: Described;
    readonly path: string;
  }
  const vectors = read<{ valid: Valid[]; unencodable: Unencodable[]; malformed: Envelope[] }>('values');

  const sent = vectors.valid.filter(({ javascript }) => javascript && 'sends' in javascript);
  it.each(sent)('sends $name', ({ javascript, text, tagged, buffers }) => {
    const encoded = codec.encode(valueOf(javascript!.sends));
    expect({ ...encoded, buffers: encoded.buffers.map(toHex) }).toEqual({ text, tagged, buffers });
  });

  const received = vectors.valid.filter(({ javascript }) => javascript && 'receives' in javascript);
  it.each(received)('receives $name', (vector) => {
    const value = decode(vector);
    const expected = valueOf(vector.javascript!.receives);
    // Not toStrictEqual, which takes a key named "constructor" for the class.
    if (!isDeepStrictEqual(value, expected)) expect(value).toStrictEqual(expected);
  });

  it.each(vectors.unencodable.filter(({ language }) => language === 'javascript'))(
    'refuses to send $name',
    ({ value, root, path }) => {
      expect(() => codec.encode(valueOf(value), root)).toThrow(
        expect.objectContaining({
          code: 'unencodable',
          context: { path, type: expect.any(String) as string },
        }),
      );
    },
  );

  it.each(vectors.malformed)('refuses to receive $name', (vector) => {
    expect(codeOf(() => decode(vector))).toBe('protocol');
  });
});

describe('messages.json', () => {
  interface Message extends Envelope {
    readonly type: keyof typeof ENVELOPE_SCHEMAS;
  }
  interface Call extends Envelope {
    readonly parsed: {
      readonly name: string;
      readonly args: Described;
      readonly kwargs: Described;
      readonly meta: Described;
    };
  }
  interface Negotiation {
    readonly ours: VersionRange;
    readonly theirs: VersionRange;
    readonly version: number | null;
  }
  const vectors = read<{
    valid: Message[];
    malformed: Message[];
    calls: Call[];
    malformedCalls: Envelope[];
    errors: ErrorVector[];
    malformedErrors: Envelope[];
    negotiation: Negotiation[];
  }>('messages');

  const PARSERS: Readonly<Record<number, (frame: Frame) => unknown>> = {
    [FrameType.HELLO]: parseHello,
    [FrameType.WELCOME]: parseWelcome,
    [FrameType.READY]: parseReady,
    [FrameType.PING]: parsePing,
    [FrameType.PONG]: parsePong,
    [FrameType.CANCEL]: parseCancel,
    [FrameType.CREDIT]: parseCredit,
    [FrameType.REVOKED]: parseRevoked,
    [FrameType.PULL]: parsePull,
    [FrameType.LOG]: parseLog,
    [FrameType.EVENT]: parseEvent,
    [FrameType.DUMPED]: parseDumped,
    [FrameType.MAPPED]: parseMapped,
    [FrameType.RELEASED]: parseSegments,
    [FrameType.UNMAPPED]: parseSegments,
  };

  function frameOf(vector: Envelope, type = 0): Frame {
    return { type, tagged: vector.tagged ?? false, callId: 0, envelope: vector.text, buffers: [] };
  }

  /** What Node sends and never reads has a schema only. */
  function accepts(vector: Message): boolean {
    const schema = codeOf(() => ENVELOPE_SCHEMAS[vector.type].parse(decode(vector))) === 'none';
    const parser = PARSERS[vector.type];
    if (parser) expect(codeOf(() => parser(frameOf(vector, vector.type)))).toBe(schema ? 'none' : 'protocol');
    return schema;
  }

  it.each(vectors.valid)('accepts $name', (vector) => {
    expect(accepts(vector)).toBe(true);
  });

  it.each(vectors.malformed)('refuses $name', (vector) => {
    expect(accepts(vector)).toBe(false);
  });

  /** The shape of a call holds for its JSON and for what the tags make of it: a tuple is no list of arguments. */
  function isCall(vector: Envelope): boolean {
    const schema = ENVELOPE_SCHEMAS[FrameType.CALL];
    return codeOf(() => schema.parse(JSON.parse(vector.text)) && schema.parse(decode(vector))) === 'none';
  }

  it.each(vectors.calls)('accepts a call: $name', (vector) => {
    expect(isCall(vector)).toBe(true);
    const [name, args, kwargs, meta] = decode(vector) as unknown[];
    const { parsed } = vector;
    const read = { name, args: args ?? [], kwargs: kwargs ?? {}, meta: meta ?? {} };
    expect(read).toStrictEqual({
      name: parsed.name,
      args: valueOf(parsed.args),
      kwargs: valueOf(parsed.kwargs),
      meta: valueOf(parsed.meta),
    });
  });

  it.each(vectors.malformedCalls)('refuses a call: $name', (vector) => {
    expect(isCall(vector)).toBe(false);
  });

  it.each(vectors.errors)('reads an error: $name', (vector) => {
    expect(parseError(frameOf(vector))).toMatchObject({ code: vector.code, outcome: vector.outcome });
    expect(errorObject.safeParse(decode(vector)).success).toBe(true);
  });

  it.each(vectors.malformedErrors)('refuses an error: $name', (vector) => {
    expect(codeOf(() => parseError(frameOf(vector)))).toBe('protocol');
    expect(errorObject.safeParse(decode(vector)).success).toBe(false);
  });

  it('finds the same errors right and wrong by hand and by schema, whatever becomes of their fields', () => {
    const objects = vectors.errors.map((vector) => JSON.parse(vector.text) as Record<string, unknown>);
    const keys = [...new Set(objects.flatMap((object) => Object.keys(object)))];
    const anything = fc.oneof(fc.jsonValue(), fc.constantFrom(...objects), fc.constant(undefined));
    fc.assert(
      fc.property(fc.constantFrom(...objects), fc.constantFrom(...keys), anything, (object, key, value) => {
        const changed = { ...object, [key]: value };
        const schema = errorObject.safeParse(changed).success;
        expect(codeOf(() => pythonErrorFrom(changed))).toBe(schema ? 'none' : 'protocol');
      }),
      { numRuns: 2000 },
    );
  });

  it.each(vectors.negotiation)(
    'agrees on a version of $ours and $theirs: $version',
    ({ ours, theirs, version }) => {
      if (version === null) expect(codeOf(() => negotiate(ours, theirs))).toBe('protocol');
      else expect(negotiate(ours, theirs)).toBe(version);
    },
  );
});
