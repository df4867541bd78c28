import { type FrameParts, TYPE, frameHex } from './bytes.js';

const KIB = 1024;
const LIMITS = { maxFrameBytes: 4 * KIB, maxBufferBytes: 16 * KIB };
const MAX_CALL_ID = 2 ** 53 - 1;
const PLAIN: FrameParts = { type: TYPE.RESULT, callId: 7, envelope: '1' };

/** frames.json: bytes and the frames in them, bytes that are no frames, and frames that must not be sent. */
export function frameVectors(): unknown {
  return { limits: LIMITS, valid: valid(), malformed: malformed(), refused: refused() };
}

function valid(): unknown[] {
  const named: [string, string, FrameParts][] = [
    ['the smallest result', 'replies', { type: TYPE.RESULT, callId: 1, envelope: '0' }],
    ['a call', 'requests', { type: TYPE.CALL, callId: 1, envelope: '["embed",["hello"]]' }],
    ['an empty envelope, which is a frame if no message', 'replies', { type: TYPE.RESULT, callId: 1 }],
    [
      'text beyond ASCII',
      'replies',
      { type: TYPE.RESULT, callId: 2, envelope: '"h\u00e9llo \u4e16\u754c \u{1f40d}"' },
    ],
    ['the largest call id', 'replies', { type: TYPE.ERROR, callId: MAX_CALL_ID, envelope: '{}' }],
    [
      'a call id of more than 32 bits',
      'replies',
      { type: TYPE.ITEM, callId: 2 ** 32 + 5, envelope: '[1,2]' },
    ],
    ['control without a call', 'control-from-node', { type: TYPE.PING, envelope: '{"n":1}' }],
    ['control about a call', 'control-from-node', { type: TYPE.CREDIT, callId: 3, envelope: '{"n":64}' }],
    [
      'control from Python',
      'control-from-python',
      { type: TYPE.PONG, envelope: '{"n":1,"running":null,"busyMs":0}' },
    ],
    [
      'one buffer behind an envelope that needs padding',
      'replies',
      { type: TYPE.RESULT, tagged: true, callId: 4, envelope: '{"$":["bytes",0]}', buffers: ['010203'] },
    ],
    [
      'an envelope that ends on a multiple of 8',
      'replies',
      { type: TYPE.RESULT, tagged: true, callId: 4, envelope: '[{"$":["bytes",0]}   ,1]', buffers: ['01'] },
    ],
    [
      'buffers of all lengths around 8, also none at all',
      'requests',
      {
        type: TYPE.CALL,
        tagged: true,
        callId: 5,
        envelope: '["f",[]]',
        buffers: ['', '01', '01020304050607', '0102030405060708', '010203040506070809', ''],
      },
    ],
    [
      'a buffer larger than what is read at once',
      'replies',
      {
        type: TYPE.RESULT,
        tagged: true,
        callId: 6,
        envelope: '{"$":["bytes",0]}',
        buffers: ['5a'.repeat(16 * KIB)],
      },
    ],
    [
      'a buffer in shared memory',
      'requests',
      {
        type: TYPE.CALL,
        tagged: true,
        callId: 7,
        envelope: '["f",[{"$":["array",0,"f8"]}]]',
        buffers: [''],
        placed: [{ index: 0, segment: 1, bytes: 16 * KIB }],
      },
    ],
    [
      'buffers in shared memory between those of the frame',
      'replies',
      {
        type: TYPE.RESULT,
        tagged: true,
        callId: 7,
        envelope: '[0]',
        buffers: ['', '01', '', '0203', ''],
        placed: [
          { index: 0, segment: 3, bytes: 8 },
          { index: 2, segment: 2, bytes: 5 },
          { index: 4, segment: MAX_CALL_ID, bytes: 0 },
        ],
      },
    ],
    [
      'an envelope of exactly the limit',
      'replies',
      { type: TYPE.RESULT, callId: 6, envelope: `"${'x'.repeat(4 * KIB - 2)}"` },
    ],
  ];
  const one = named.map(([name, channel, parts]) => ({
    name,
    channel,
    hex: frameHex(parts),
    frames: [described(parts)],
    encodes: true,
  }));
  const padded: FrameParts = {
    type: TYPE.RESULT,
    tagged: true,
    callId: 4,
    envelope: '[0]',
    buffers: ['01', '02'],
  };
  const many: FrameParts[] = [PLAIN, padded, { ...PLAIN, callId: 8, envelope: '"two"' }];
  return [
    ...one,
    {
      name: 'padding that is not zero is ignored',
      channel: 'replies',
      hex: frameHex(padded, { padding: 0xff }),
      frames: [described(padded)],
      encodes: false,
    },
    {
      name: 'several frames one behind the other',
      channel: 'replies',
      hex: many.map((parts) => frameHex(parts)).join(''),
      frames: many.map(described),
      encodes: true,
    },
    { name: 'no bytes at all', channel: 'replies', hex: '', frames: [], encodes: true },
  ];
}

function malformed(): unknown[] {
  const whole = frameHex(PLAIN);
  const buffered = frameHex({ ...PLAIN, tagged: true, buffers: ['0102030405'] });
  const bad = (name: string, channel: string, hex: string, error = 'protocol', at = 'push'): unknown => ({
    name,
    channel,
    hex,
    error,
    at,
  });
  return [
    bad('a type that nobody knows', 'replies', frameHex({ ...PLAIN, type: 99 })),
    bad('type 0', 'replies', frameHex({ ...PLAIN, type: 0 })),
    bad('a type of another channel', 'replies', frameHex({ ...PLAIN, type: TYPE.CALL })),
    bad('a type of the other direction', 'control-from-node', frameHex({ type: TYPE.PONG, envelope: '{}' })),
    bad('a reserved flag', 'replies', frameHex(PLAIN, { flags: 2 })),
    bad('shared memory for no buffer', 'replies', frameHex({ ...PLAIN, buffers: ['01'], placed: [] })),
    bad(
      'shared memory in a type that has none',
      'replies',
      frameHex({ ...PLAIN, type: TYPE.ERROR, buffers: [''], placed: [{ index: 0, segment: 1, bytes: 8 }] }),
    ),
    bad(
      'one segment for two buffers',
      'replies',
      frameHex({
        ...PLAIN,
        buffers: ['', ''],
        placed: [
          { index: 0, segment: 4, bytes: 8 },
          { index: 1, segment: 4, bytes: 8 },
        ],
      }),
    ),
    bad(
      'a segment beyond 2^53',
      'replies',
      frameHex({ ...PLAIN, buffers: [''], placed: [{ index: 0, segment: 2n ** 53n, bytes: 8 }] }),
    ),
    bad(
      'a buffer in shared memory over the limit',
      'replies',
      frameHex({ ...PLAIN, buffers: [''], placed: [{ index: 0, segment: 1, bytes: 16 * KIB + 1 }] }),
      'frame-too-large',
    ),
    bad(
      'a table of places that takes the envelope over the limit',
      'replies',
      frameHex(
        { ...PLAIN, buffers: [''], placed: [{ index: 0, segment: 1, bytes: 8 }] },
        { envelopeBytes: 4 * KIB - 15 },
      ),
      'frame-too-large',
    ),
    bad('all flags', 'replies', frameHex(PLAIN, { flags: 0xff })),
    bad('no call id where there must be one', 'replies', frameHex({ ...PLAIN, callId: 0 })),
    bad(
      'a call id where there must be none',
      'control-from-node',
      frameHex({ type: TYPE.PING, callId: 1, envelope: '{}' }),
    ),
    bad(
      'a cancel of no call',
      'control-from-node',
      frameHex({ type: TYPE.CANCEL, envelope: '{"mode":"leave"}' }),
    ),
    bad('a call id of 2^53', 'replies', frameHex({ ...PLAIN, callId: 2n ** 53n })),
    bad('the largest call id of 64 bits', 'replies', frameHex({ ...PLAIN, callId: 2n ** 64n - 1n })),
    bad(
      'an envelope one byte over the limit',
      'replies',
      frameHex(PLAIN, { envelopeBytes: 4 * KIB + 1 }),
      'frame-too-large',
    ),
    bad(
      'an envelope of 4 GiB',
      'replies',
      frameHex(PLAIN, { envelopeBytes: 2 ** 32 - 1 }),
      'frame-too-large',
    ),
    bad(
      'a buffer table that takes the envelope over the limit',
      'replies',
      frameHex(PLAIN, { envelopeBytes: 4 * KIB - 7, bufferCount: 1 }),
      'frame-too-large',
    ),
    bad('65535 buffers', 'replies', frameHex(PLAIN, { bufferCount: 65535 }), 'frame-too-large'),
    bad(
      'a buffer one byte over the limit',
      'replies',
      frameHex(PLAIN, { lengths: [16n * 1024n + 1n] }),
      'frame-too-large',
    ),
    bad(
      'buffers over the limit together',
      'replies',
      frameHex(PLAIN, { lengths: [8n * 1024n, 8n * 1024n, 1n] }),
      'frame-too-large',
    ),
    bad(
      'a buffer of 2^64 - 1 bytes',
      'replies',
      frameHex(PLAIN, { lengths: [2n ** 64n - 1n] }),
      'frame-too-large',
    ),
    bad(
      'lengths whose sum is 0 in 64 bits',
      'replies',
      frameHex(PLAIN, { lengths: [2n ** 63n, 2n ** 63n] }),
      'frame-too-large',
    ),
    bad(
      'a buffer over the limit whose envelope is still to come',
      'replies',
      frameHex(PLAIN, { lengths: [16n * 1024n + 1n] }).slice(0, 2 * 24),
      'frame-too-large',
    ),
    bad('an envelope that is not UTF-8', 'replies', frameHex(PLAIN, { envelopeHex: '22ff22' })),
    bad('UTF-8 that ends too early', 'replies', frameHex(PLAIN, { envelopeHex: 'e4b8' })),
    bad('overlong UTF-8', 'replies', frameHex(PLAIN, { envelopeHex: '22c0af22' })),
    bad('a surrogate in UTF-8', 'replies', frameHex(PLAIN, { envelopeHex: '22eda08022' })),
    bad('a bad frame behind a good one', 'replies', whole + frameHex({ ...PLAIN, type: 99 })),
    bad('a header cut off', 'replies', whole.slice(0, 20), 'protocol', 'end'),
    bad('an envelope cut off', 'replies', whole.slice(0, -2), 'protocol', 'end'),
    bad('a buffer table cut off', 'replies', buffered.slice(0, 40), 'protocol', 'end'),
    bad('padding cut off', 'replies', buffered.slice(0, 2 * 30), 'protocol', 'end'),
    bad('a buffer cut off', 'replies', buffered.slice(0, -2), 'protocol', 'end'),
    bad('a frame cut off behind a whole one', 'replies', whole + whole.slice(0, 10), 'protocol', 'end'),
    bad(
      'text of another protocol',
      'replies',
      Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n').toString('hex'),
    ),
  ];
}

function refused(): unknown[] {
  const large = (name: string, parts: FrameParts): unknown => ({
    name,
    frame: described(parts),
    error: 'frame-too-large',
  });
  return [
    large('an envelope one byte over the limit', { ...PLAIN, envelope: `"${'x'.repeat(4 * KIB - 1)}"` }),
    large('an envelope whose characters are few and bytes many', {
      ...PLAIN,
      envelope: `"${'\u4e16'.repeat(1500)}"`,
    }),
    large('a table that takes the envelope over the limit', {
      ...PLAIN,
      envelope: `"${'x'.repeat(4 * KIB - 3)}"`,
      buffers: ['01'],
    }),
    large('a buffer in shared memory over the limit', {
      ...PLAIN,
      buffers: [''],
      placed: [{ index: 0, segment: 1, bytes: 16 * KIB + 1 }],
    }),
    large('buffers over the limit together', { ...PLAIN, buffers: ['00'.repeat(16 * KIB), '00'] }),
  ];
}

function described(parts: FrameParts): unknown {
  return {
    type: parts.type,
    tagged: parts.tagged ?? false,
    callId: Number(parts.callId ?? 0),
    envelope: parts.envelope ?? '',
    buffers: parts.buffers ?? [],
    ...(parts.placed && {
      placed: parts.placed.map((each) => ({ ...each, segment: Number(each.segment) })),
    }),
  };
}
