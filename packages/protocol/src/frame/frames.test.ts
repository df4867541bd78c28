import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CommunicationError } from '../errors/errors.js';
import { CALL_TYPES, CONTROL_FROM_PYTHON, REPLY_TYPES } from './channels.js';
import { FrameDecoder } from './decoder.js';
import { FrameEncoder } from './encoder.js';
import { DEFAULT_LIMITS, type Frame, FrameType } from './frame.js';

const LIMITS = { maxFrameBytes: 1000, maxBufferBytes: 2000 };

function frame(parts: Partial<Frame> = {}): Frame {
  return { type: FrameType.RESULT, tagged: false, callId: 1, envelope: 'null', buffers: [], ...parts };
}

function encode(frames: readonly Frame[], limits = DEFAULT_LIMITS): Buffer {
  const encoder = new FrameEncoder(limits);
  for (const each of frames) encoder.push(each);
  return Buffer.concat(encoder.take());
}

function decode(chunks: readonly Uint8Array[], limits = DEFAULT_LIMITS, accepts = REPLY_TYPES): Frame[] {
  const frames: Frame[] = [];
  const decoder = new FrameDecoder({ limits, accepts, onFrame: (each) => frames.push(each) });
  for (const chunk of chunks) decoder.push(chunk);
  decoder.end();
  return frames;
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(CommunicationError);
    return (error as CommunicationError).code;
  }
  return 'none';
}

/** A header as a hostile peer writes it. */
function header(fields: {
  envelopeBytes?: number;
  type?: number;
  flags?: number;
  bufferCount?: number;
  callId?: bigint;
}): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32LE(fields.envelopeBytes ?? 4, 0);
  bytes.writeUInt8(fields.type ?? FrameType.RESULT, 4);
  bytes.writeUInt8(fields.flags ?? 0, 5);
  bytes.writeUInt16LE(fields.bufferCount ?? 0, 6);
  bytes.writeBigUInt64LE(fields.callId ?? 1n, 8);
  return bytes;
}

/** Comparing long byte arrays item by item takes seconds. */
function shown(each: Frame): unknown {
  return { ...each, buffers: each.buffers.map((buffer) => Buffer.from(buffer).toString('latin1')) };
}

const anyFrame: fc.Arbitrary<Frame> = fc.record({
  type: fc.constantFrom(...REPLY_TYPES),
  tagged: fc.boolean(),
  callId: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  envelope: fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc.constantFrom('', '\uFFFD', '\uFEFF1', 'x'.repeat(40_000), 'ü'.repeat(9_000)),
  ),
  buffers: fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom(16_383, 16_385, 70_000).map((length) => new Uint8Array(length).fill(7)),
    ),
    { maxLength: 4 },
  ),
});

describe('a frame', () => {
  it('is laid out as SPEC.md says', () => {
    const bytes = encode([
      frame({ tagged: true, callId: 2 ** 40 + 5, envelope: '[1]', buffers: [Uint8Array.of(9)] }),
    ]);
    expect(bytes.toString('hex')).toBe(
      '03000000' +
        '02' +
        '01' +
        '0100' +
        '0500000000010000' +
        '0100000000000000' +
        '5b315d' +
        '0000000000' +
        '09',
    );
  });

  it('comes back as it was, however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { minLength: 1, maxLength: 5 }), fc.array(fc.nat()), (frames, cuts) => {
        const bytes = encode(frames);
        const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
        const chunks = [...at, bytes.length].map((end, index) => bytes.subarray(at[index - 1] ?? 0, end));
        expect(decode(chunks).map(shown)).toEqual(frames.map(shown));
      }),
      { numRuns: 100 },
    );
  });

  it('comes back as it was from every single split point, and byte by byte', () => {
    const frames = [
      frame(),
      frame({ envelope: '"aü😀"', buffers: [Uint8Array.of(1, 2, 3), new Uint8Array(0), new Uint8Array(17)] }),
      frame({ type: FrameType.ITEM, envelope: '[]', buffers: [new Uint8Array(0)] }),
      frame({ envelope: '' }),
    ];
    const bytes = encode(frames);
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(decode([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(frames);
    }
    expect(decode([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(frames);
  });

  it('is a typed error or other frames, never anything else, when bytes are changed', () => {
    const limits = { maxFrameBytes: 100_000, maxBufferBytes: 100_000 };
    fc.assert(
      fc.property(
        fc.array(anyFrame, { minLength: 1, maxLength: 3 }),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 5000 }),
        (frames, changes, step) => {
          const bytes = encode(frames);
          for (const [at, byte] of changes) bytes[at % Math.min(bytes.length, 64)] = byte;
          const chunks: Uint8Array[] = [];
          for (let at = 0; at < bytes.length; at += step) chunks.push(bytes.subarray(at, at + step));
          expect(['none', 'protocol', 'frame-too-large']).toContain(codeOf(() => decode(chunks, limits)));
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('the encoder', () => {
  it('gathers small frames in one chunk', () => {
    const encoder = new FrameEncoder();
    for (let id = 1; id <= 100; id++) encoder.push(frame({ callId: id, buffers: [Uint8Array.of(id)] }));
    const pending = encoder.pendingBytes;
    const chunks = encoder.take();
    expect(chunks).toHaveLength(1);
    expect(chunks[0]).toHaveLength(pending);
    expect(encoder.pendingBytes).toBe(0);
    expect(encoder.take()).toEqual([]);
  });

  it('hands out large buffers without a copy', () => {
    const large = new Uint8Array(100_000);
    const encoder = new FrameEncoder();
    encoder.push(frame({ buffers: [large] }));
    expect(encoder.take()).toContain(large);
  });

  it('never writes again where a chunk was taken', () => {
    const encoder = new FrameEncoder();
    encoder.push(frame({ envelope: '"first"' }));
    const [first] = encoder.take();
    const before = Buffer.from(first!);
    for (let id = 1; id < 5000; id++) {
      encoder.push(frame({ callId: id, envelope: '"another"' }));
      encoder.take();
    }
    expect(Buffer.from(first!)).toEqual(before);
  });

  it('refuses an envelope over the limit and keeps the frames before it', () => {
    const encoder = new FrameEncoder(LIMITS);
    encoder.push(frame({ envelope: 'x'.repeat(1000) }));
    expect(codeOf(() => encoder.push(frame({ envelope: 'x'.repeat(1001) })))).toBe('frame-too-large');
    expect(codeOf(() => encoder.push(frame({ envelope: 'ü'.repeat(501) })))).toBe('frame-too-large');
    encoder.push(frame({ envelope: 'ü'.repeat(500) }));
    expect(decode(encoder.take(), LIMITS)).toHaveLength(2);
  });

  it('counts the buffer table as part of the frame', () => {
    const encoder = new FrameEncoder(LIMITS);
    const buffers = [new Uint8Array(1)];
    expect(codeOf(() => encoder.push(frame({ envelope: 'x'.repeat(993), buffers })))).toBe('frame-too-large');
    encoder.push(frame({ envelope: 'x'.repeat(992), buffers }));
    expect(decode(encoder.take(), LIMITS)).toHaveLength(1);
  });

  it('refuses buffers over the limit, and more of them than a header can count', () => {
    const encoder = new FrameEncoder({ maxFrameBytes: 1e6, maxBufferBytes: 2000 });
    const half = new Uint8Array(1000);
    expect(codeOf(() => encoder.push(frame({ buffers: [half, half, Uint8Array.of(1)] })))).toBe(
      'frame-too-large',
    );
    const none = new Uint8Array(0);
    expect(codeOf(() => encoder.push(frame({ buffers: Array<Uint8Array>(65_536).fill(none) })))).toBe(
      'frame-too-large',
    );
    encoder.push(frame({ buffers: [half, half] }));
    expect(encoder.pendingBytes).toBeGreaterThan(2000);
  });
});

describe('the decoder', () => {
  it.each([
    ['a type of another channel', header({ type: FrameType.CALL }), 'protocol'],
    ['an unknown type', header({ type: 200 }), 'protocol'],
    ['a reserved flag', header({ flags: 2 }), 'protocol'],
    ['no call id where one is needed', header({ callId: 0n }), 'protocol'],
    ['a call id that is no safe integer', header({ callId: 2n ** 53n }), 'protocol'],
    ['the largest call id there is', header({ callId: 2n ** 64n - 1n }), 'protocol'],
    ['an envelope over the limit', header({ envelopeBytes: 1001 }), 'frame-too-large'],
    ['a buffer table over the limit', header({ bufferCount: 126 }), 'frame-too-large'],
  ])('refuses %s as soon as the header is there, and stays dead', (_name, bytes, code) => {
    const decoder = new FrameDecoder({ limits: LIMITS, accepts: REPLY_TYPES, onFrame: () => undefined });
    decoder.push(bytes.subarray(0, 15));
    expect(codeOf(() => decoder.push(bytes.subarray(15)))).toBe(code);
    expect(codeOf(() => decoder.push(encode([frame()])))).toBe(code);
    expect(codeOf(() => decoder.end())).toBe(code);
  });

  it('refuses a call id on a frame that is about no call', () => {
    const bytes = header({ type: FrameType.PONG, callId: 1n });
    expect(codeOf(() => decode([bytes], DEFAULT_LIMITS, CONTROL_FROM_PYTHON))).toBe('protocol');
    expect(CALL_TYPES.has(FrameType.PONG)).toBe(false);
  });

  it('refuses buffers over the limit before they arrive, together and each', () => {
    const table = (...lengths: bigint[]): Buffer => {
      const bytes = Buffer.alloc(8 * lengths.length);
      lengths.forEach((length, index) => bytes.writeBigUInt64LE(length, index * 8));
      return Buffer.concat([header({ bufferCount: lengths.length }), bytes, Buffer.from('null')]);
    };
    expect(codeOf(() => decode([table(1001n, 1000n)], LIMITS))).toBe('frame-too-large');
    expect(codeOf(() => decode([table(2n ** 64n - 1n)], LIMITS))).toBe('frame-too-large');
  });

  it('refuses an envelope that is not UTF-8, and takes the replacement character where it is meant', () => {
    const bytes = encode([frame({ envelope: '"\uFFFD"' })]);
    expect(decode([bytes])[0]!.envelope).toBe('"\uFFFD"');
    bytes[18] = 0xff;
    expect(codeOf(() => decode([bytes]))).toBe('protocol');
  });

  it.each([1, 16, 17, 24, 27, 33, 40])('refuses an end after %i bytes of a frame', (length) => {
    const bytes = encode([frame({ buffers: [Uint8Array.of(1), Uint8Array.of(2)] })]);
    expect(bytes).toHaveLength(49);
    expect(codeOf(() => decode([bytes.subarray(0, length)]))).toBe('protocol');
  });

  it('gives out aligned buffers that nothing else shares', () => {
    const buffers = [3, 1, 70_000, 5].map((length) => new Uint8Array(length).fill(length));
    const bytes = encode([frame({ envelope: '[]', buffers })]);
    const received = decode([bytes.subarray(0, 40), bytes.subarray(40)])[0]!.buffers;
    bytes.fill(0);
    expect(received).toEqual(buffers);
    for (const buffer of received) expect(buffer.byteOffset % 8).toBe(0);
  });

  it('holds little for a peer that announces much', () => {
    const before = process.memoryUsage().arrayBuffers;
    const decoders = Array.from({ length: 20 }, (_, index) => {
      const decoder = new FrameDecoder({ accepts: REPLY_TYPES, onFrame: () => undefined });
      if (index % 2 === 0) {
        decoder.push(header({ envelopeBytes: 64 * 1024 * 1024 }));
      } else {
        const length = Buffer.alloc(8);
        length.writeBigUInt64LE(2n ** 30n);
        decoder.push(Buffer.concat([header({ bufferCount: 1 }), length, Buffer.from('null')]));
      }
      decoder.push(Buffer.alloc(100));
      return decoder;
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(decoders.length * 2 ** 21 + 2 ** 20);
  });

  it('takes limits that change between two frames', () => {
    const frames: Frame[] = [];
    const decoder = new FrameDecoder({
      limits: LIMITS,
      accepts: REPLY_TYPES,
      onFrame: (each) => frames.push(each),
    });
    decoder.push(encode([frame({ envelope: 'x'.repeat(900) })]));
    decoder.limits = { maxFrameBytes: 2000, maxBufferBytes: 0 };
    decoder.push(encode([frame({ envelope: 'x'.repeat(1900) })]));
    expect(frames).toHaveLength(2);
  });
});
