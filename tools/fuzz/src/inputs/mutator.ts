import type { Random } from '../../../chaos/src/random.js';
import { type FrameModel, type StreamModel, putTogether, takeApart } from './frame-model.js';
import { CHANNELS, NAMES_CALL, TYPES_OF, flatOf } from './input.js';
import { TOKENS } from './interesting.js';
import { mutateJson } from './json-mutation.js';

/** One in so many inputs is plain noise, and one in so many has a tail, which costs as much as hundreds of others. */
const NOISE = 0.01;
const TAIL = 0.0015;
/** Longer streams are cut: what they would show, shorter ones do. */
const MOST_BYTES = 20_000;

const LENGTHS: readonly [bigint, ...bigint[]] = [
  0n,
  1n,
  7n,
  8n,
  16_383n,
  16_384n,
  16_385n,
  524_288n,
  524_289n,
  2_097_152n,
  2n ** 30n,
  2n ** 30n + 1n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];
const ENVELOPES: readonly [number, ...number[]] = [
  0, 1, 4088, 4096, 4097, 262_144, 67_108_864, 67_108_865, 0xffffffff,
];
const CALL_IDS: readonly [bigint, ...bigint[]] = [
  0n,
  1n,
  2n ** 32n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 64n - 1n,
];

/** Makes an input of other inputs. Headers mostly stay as they must be, for what is behind them is most of the decoder. */
export function mutate(random: Random, corpus: readonly Uint8Array[]): Uint8Array {
  if (random.chance(NOISE)) return random.bytes(random.below(80));
  const base = pickFrom(random, corpus);
  let channel = (base[0] ?? 0) % CHANNELS.length;
  let limits = (base[1] ?? 0) % 3;
  const model = takeApart(base.subarray(3));
  for (let left = 1 + random.below(4); left > 0; left--) {
    if (random.chance(0.03)) channel = moveTo(random, model);
    else if (random.chance(0.04)) limits = random.below(3);
    else if (random.chance(0.12)) changeStream(random, model, pickFrom(random, corpus));
    else if (model.frames.length > 0) changeFrame(random, channel, random.pick(someOf(model.frames)));
    else model.rest = changeBytes(random, model.rest);
  }
  const tail = random.chance(TAIL) ? 200 + random.below(56) : 0;
  if (tail > 0) reachFor(random, model, (tail - 199) * 40_000);
  let stream = putTogether(model);
  if (stream.length > 0 && random.chance(0.03)) stream = stream.subarray(0, random.below(stream.length));
  if (random.chance(0.01)) stream = changeBytes(random, stream);
  if (stream.length > MOST_BYTES) stream = stream.subarray(0, MOST_BYTES);
  return flatOf(channel, tail > 0 ? 1 + random.below(2) : limits, tail, stream);
}

/** The newer half of the time, something that was found late: it leads further in. */
function pickFrom(random: Random, corpus: readonly Uint8Array[]): Uint8Array {
  const from = random.chance(0.5) ? Math.floor(corpus.length * 0.7) : 0;
  return corpus[from + random.below(corpus.length - from)] ?? new Uint8Array(0);
}

function someOf<T>(values: readonly T[]): readonly [T, ...T[]] {
  return values as unknown as readonly [T, ...T[]];
}

/** Another channel, with frames that belong there. */
function moveTo(random: Random, { frames }: StreamModel): number {
  const channel = random.below(CHANNELS.length);
  for (const frame of frames) retype(frame, random.pick(TYPES_OF[CHANNELS[channel]!]));
  return channel;
}

function retype(frame: FrameModel, type: number): void {
  frame.type = type;
  if (!NAMES_CALL.has(type)) frame.callId = 0n;
  else if (frame.callId === 0n) frame.callId = 1n;
}

function changeStream(random: Random, model: StreamModel, other: Uint8Array): void {
  const { frames } = model;
  switch (random.below(4)) {
    case 0:
      frames.splice(random.below(frames.length + 1), 0, ...takeApart(other.subarray(3)).frames.slice(0, 2));
      return;
    case 1:
      frames.splice(random.below(frames.length + 1), 1);
      return;
    case 2:
      if (frames.length < 6) frames.push(...frames.map((frame) => ({ ...frame })).slice(0, 2));
      return;
    default:
      model.rest = Buffer.concat([model.rest, random.bytes(random.below(20))]);
  }
}

function changeFrame(random: Random, channel: number, frame: FrameModel): void {
  const kind = random.next();
  if (kind < 0.7) changeEnvelope(random, frame);
  else if (kind < 0.76) changeBuffers(random, frame);
  else if (kind < 0.86) retype(frame, random.pick(TYPES_OF[CHANNELS[channel]!]));
  else if (kind < 0.93) frame.flags = random.chance(0.95) ? frame.flags ^ 1 : random.below(256);
  else changeHeader(random, frame);
}

function changeEnvelope(random: Random, frame: FrameModel): void {
  const text = random.chance(0.93) ? frame.envelope.toString() : '';
  const changed = mutateJson(random, text, frame.buffers.length);
  if (changed !== undefined) {
    frame.envelope = Buffer.from(changed);
    if (changed.includes('"$"') && random.chance(0.7)) frame.flags |= 1;
  } else {
    frame.envelope = changeBytes(random, frame.envelope);
  }
}

function changeBuffers(random: Random, frame: FrameModel): void {
  const { buffers } = frame;
  const at = random.below(buffers.length + 1);
  if (random.chance(0.3)) buffers.splice(at, 1);
  else
    buffers.splice(
      at,
      random.below(2),
      Buffer.from(random.bytes(random.pick([0, 1, 2, 4, 8, 8, 16, 16, 24, 9]))),
    );
}

function changeHeader(random: Random, frame: FrameModel): void {
  switch (random.below(6)) {
    case 0:
      frame.type = random.below(random.chance(0.5) ? 32 : 256);
      return;
    case 1:
      frame.callId = random.pick(CALL_IDS);
      return;
    case 2:
      frame.envelopeBytes = random.chance(0.5)
        ? random.pick(ENVELOPES)
        : Math.max(0, frame.envelope.length + random.below(5) - 2);
      return;
    case 3:
      frame.bufferCount = random.pick([0, 1, 2, frame.buffers.length + 1, 511, 65_535]);
      return;
    default:
      frame.lengths = Array.from({ length: frame.buffers.length || random.below(3) }, () =>
        random.pick(LENGTHS),
      );
  }
}

/** Let the last frame announce about as much as the tail has, so that it becomes its envelope or a buffer of it. */
function reachFor(random: Random, model: StreamModel, tailBytes: number): void {
  const last = model.frames[model.frames.length - 1];
  if (last === undefined || random.chance(0.2)) return;
  model.rest = Buffer.alloc(0);
  const announced = Math.floor(tailBytes * random.between(0.4, 1.1));
  if (random.chance(0.5)) {
    last.buffers = [];
    last.envelopeBytes = last.envelope.length + announced;
  } else {
    last.lengths = [...last.buffers.map(({ length }) => BigInt(length)), BigInt(announced)];
  }
}

function changeBytes(random: Random, bytes: Buffer): Buffer {
  const at = random.below(bytes.length + 1);
  switch (random.below(5)) {
    case 0: {
      const copy = Buffer.from(bytes);
      if (at < copy.length) copy[at] = copy[at]! ^ (1 << random.below(8));
      return copy;
    }
    case 1: {
      const copy = Buffer.from(bytes);
      if (at < copy.length) copy[at] = random.pick([0, 0x22, 0x5b, 0x7f, 0x80, 0xc0, 0xed, 0xf4, 0xff]);
      return copy;
    }
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(8))]);
    case 3:
      return Buffer.concat([
        bytes.subarray(0, at),
        bytes.subarray(random.below(at + 1), at),
        bytes.subarray(at),
      ]);
    default:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(random.pick(TOKENS)), bytes.subarray(at)]);
  }
}
