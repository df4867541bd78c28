import { readFileSync } from 'node:fs';
import { putTogether } from './frame-model.js';
import { CHANNELS, NAMES_CALL, TYPES_OF, flatOf } from './input.js';

interface Envelope {
  readonly text: string;
  readonly tagged?: boolean;
  readonly buffers?: readonly string[];
  readonly type?: number;
}

interface Vectors {
  readonly [list: string]: readonly (Envelope & { readonly channel: string; readonly hex: string })[];
}

/** Inputs longer than this are left to the unit tests. */
const MOST_BYTES = 12_000;

/** What there is to begin with: every golden vector of the wire, as a stream. */
export function seeds(): Uint8Array[] {
  const frames = read('frames');
  const values = read('values');
  const messages = read('messages');
  const found = frameInputs([...frames['valid']!, ...frames['malformed']!]);
  for (const list of ['valid', 'malformed', 'impossible']) {
    for (const vector of values[list]!)
      found.push(envelopeInput(vector, 2), envelopeInput(asCall(vector), 1));
  }
  for (const list of ['valid', 'malformed']) {
    for (const vector of messages[list]!) found.push(envelopeInput(vector, vector.type!));
  }
  for (const list of ['calls', 'malformedCalls'])
    found.push(...messages[list]!.map((each) => envelopeInput(each, 1)));
  for (const list of ['errors', 'malformedErrors']) {
    for (const vector of messages[list]!)
      found.push(envelopeInput(vector, 3), envelopeInput(asItems(vector), 4));
  }
  found.push(...large(), ...fuzzed());
  return found.filter((input) => input.length <= MOST_BYTES);
}

function read(name: string): Vectors {
  const file = new URL(`../../../../packages/protocol/vectors/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Vectors;
}

function frameInputs(vectors: readonly { readonly channel: string; readonly hex: string }[]): Uint8Array[] {
  return vectors.map(({ channel, hex }) => {
    const index = CHANNELS.findIndex((name) => name === channel);
    return flatOf(index, 0, 0, Buffer.from(hex, 'hex'));
  });
}

/** An envelope and a buffer of 2.2 MB, from where on memory follows what arrives. */
function large(): Uint8Array[] {
  const frame = { flags: 0, callId: 1n, envelope: Buffer.from('["f"]'), buffers: [] };
  const rest = Buffer.alloc(0);
  const envelope = putTogether({ frames: [{ ...frame, type: 1, envelopeBytes: 2_200_000 }], rest });
  const buffer = putTogether({ frames: [{ ...frame, type: 2, lengths: [2_200_000n] }], rest });
  return [flatOf(0, 2, 255, envelope), flatOf(1, 2, 255, buffer)];
}

/** What earlier runs found. */
function fuzzed(): Uint8Array[] {
  const { inputs } = read('fuzz') as unknown as { inputs: readonly { flat: string; hex: string }[] };
  return inputs.map(({ flat, hex }) => Uint8Array.from(Buffer.from(flat + hex, 'hex')));
}

function asCall(vector: Envelope): Envelope {
  return { ...vector, text: `["f",[${vector.text}]]` };
}

function asItems(vector: Envelope): Envelope {
  return { ...vector, text: `[${vector.text}]` };
}

function envelopeInput({ text, tagged = false, buffers = [] }: Envelope, type: number): Uint8Array {
  const stream = putTogether({
    frames: [
      {
        type,
        flags: tagged ? 1 : 0,
        callId: NAMES_CALL.has(type) ? 1n : 0n,
        envelope: Buffer.from(text),
        buffers: buffers.map((hex) => Buffer.from(hex, 'hex')),
      },
    ],
    rest: Buffer.alloc(0),
  });
  const channel = CHANNELS.findIndex((name) => TYPES_OF[name].includes(type));
  return flatOf(channel, 0, 0, stream);
}
