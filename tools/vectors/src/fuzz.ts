import { readFileSync } from 'node:fs';

/** One input of the fuzzer, as it is kept. */
interface KeptInput {
  readonly name?: string;
  /** Channel, limits and tail in a byte each, then the stream: `tools/fuzz/src/inputs/input.ts`. */
  readonly hex: string;
  readonly error: string;
  readonly frames: number;
  readonly values: readonly { readonly javascript: string; readonly python: string }[];
}

interface KeptInputs {
  readonly named: readonly KeptInput[];
  readonly minimal: readonly KeptInput[];
}

const CHANNELS = ['requests', 'replies', 'control-from-node', 'control-from-python'];
const LIMITS = [
  { maxFrameBytes: 4096, maxBufferBytes: 16_384 },
  { maxFrameBytes: 262_144, maxBufferBytes: 524_288 },
  { maxFrameBytes: 67_108_864, maxBufferBytes: 1_073_741_824 },
];

/** fuzz.json: inputs that the fuzzer kept, with what both languages agreed on about them. The one file that is data and not made here. */
export function fuzzVectors(): unknown {
  const file = new URL('../fuzz-inputs.json', import.meta.url);
  const { named, minimal } = JSON.parse(readFileSync(file, 'utf8')) as KeptInputs;
  return { inputs: [...named, ...minimal].map(vectorOf) };
}

function vectorOf({ name, hex, error, frames, values }: KeptInput, index: number): unknown {
  const [channel = 0, limits = 0] = Buffer.from(hex.slice(0, 4), 'hex');
  return {
    name: name ?? `input ${index}`,
    channel: CHANNELS[channel % CHANNELS.length],
    limits: LIMITS[limits % LIMITS.length],
    hex: hex.slice(6),
    flat: hex.slice(0, 6),
    error,
    frames,
    values,
  };
}
