import { createHash } from 'node:crypto';
import type * as Protocol from '@pypool/protocol';
import { bytesOf, inputOf } from '../inputs/input.js';
import { type Input } from '../inputs/input.js';
import type { Verdict } from '../judge/verdict.js';
import { FrameJudge, type Schemas } from './frame-judge.js';
import { splits } from './splits.js';

/** Frames of one input whose envelopes are looked at. */
const MOST_FRAMES = 6;

/** Up to here an announced length is believed at once; beyond, memory follows what has arrived (`Filling`). */
const BELIEVED_BYTES = 2 * 1024 * 1024;
const GROWTH = 8;

/** What one way of cutting a stream gave. */
interface Reading {
  readonly error: string;
  readonly frames: readonly Protocol.Frame[];
  readonly digest: string;
}

/** Reads inputs with the decoders of TypeScript and says what came of each. */
export class Judge {
  readonly #protocol: typeof Protocol;
  readonly #frames: FrameJudge;
  readonly #accepts: Readonly<Record<Input['channel'], ReadonlySet<number>>>;
  #arrived = 0;
  #largest = 0;
  #overdrawn = 0;

  constructor(protocol: typeof Protocol, schemas: Schemas) {
    this.#protocol = protocol;
    this.#frames = new FrameJudge(protocol, schemas);
    this.#accepts = {
      requests: protocol.REQUEST_TYPES,
      replies: protocol.REPLY_TYPES,
      'control-from-node': protocol.CONTROL_FROM_NODE,
      'control-from-python': protocol.CONTROL_FROM_PYTHON,
    };
    this.#watchAllocations();
  }

  judge(flat: Uint8Array, meanings?: string[]): Omit<Verdict, 'fresh'> {
    const input = inputOf(flat);
    const bytes = bytesOf(input);
    const faults: string[] = [];
    this.#largest = this.#overdrawn = 0;
    const whole = this.#read(input, [bytes], faults);
    for (const chunks of splits(bytes)) {
      const cut = this.#read(input, chunks, faults);
      if (cut.digest !== whole.digest || cut.error !== whole.error) {
        const sizes = chunks.map(({ length }) => length).slice(0, 20);
        faults.push(`split: cut as ${sizes.join('+')} it gives ${cut.error}, whole it gives ${whole.error}`);
      }
    }
    if (this.#overdrawn > 0)
      faults.push(`memory: ${this.#overdrawn} bytes were asked for, ${this.#arrived} had arrived`);
    if (this.#largest > Math.max(input.limits.maxFrameBytes, input.limits.maxBufferBytes))
      faults.push(`memory: ${this.#largest} bytes were asked for, over both limits`);
    this.#goesAndComesBack(input, whole, faults);
    const parts = whole.frames
      .slice(0, MOST_FRAMES)
      .map((frame) => this.#frames.judge(frame, faults, meanings));
    if (Object.keys(Object.prototype).length > 0) faults.push('pollution: Object.prototype has new keys');
    return { error: whole.error, frames: whole.digest, parts, faults };
  }

  #read({ channel, limits }: Input, chunks: readonly Uint8Array[], faults: string[]): Reading {
    const frames: Protocol.Frame[] = [];
    const decoder = new this.#protocol.FrameDecoder({
      ...(limits.maxFrameBytes !== this.#protocol.DEFAULT_LIMITS.maxFrameBytes && { limits }),
      accepts: this.#accepts[channel],
      onFrame: (frame) => frames.push(frame),
    });
    let error = 'none';
    this.#arrived = 0;
    try {
      decoder.push(new Uint8Array(0));
      for (const chunk of chunks) {
        this.#arrived += chunk.length;
        decoder.push(chunk);
      }
      decoder.end();
    } catch (thrown) {
      error = this.#codeOf(thrown, faults);
      this.#staysDead(decoder, thrown, faults);
    }
    if (frames.some(({ buffers }) => buffers.some(({ byteOffset }) => byteOffset % 8 !== 0)))
      faults.push('alignment: a buffer is not aligned');
    return { error, frames, digest: digestOf(frames) };
  }

  /** What was read can be written, and reads the same. */
  #goesAndComesBack(input: Input, { frames, digest }: Reading, faults: string[]): void {
    const encoder = new this.#protocol.FrameEncoder(input.limits);
    for (const frame of frames) encoder.push(frame);
    const again = this.#read(input, encoder.take(), faults);
    if (again.digest !== digest || again.error !== 'none')
      faults.push('roundtrip: frames that were read and written read otherwise');
  }

  #codeOf(thrown: unknown, faults: string[]): string {
    if (this.#protocol.isPypoolError(thrown) && ['protocol', 'frame-too-large'].includes(thrown.code))
      return thrown.code;
    faults.push(`crash: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`);
    return 'crash';
  }

  #staysDead(decoder: Protocol.FrameDecoder, first: unknown, faults: string[]): void {
    for (const again of [() => decoder.push(Buffer.alloc(0)), () => decoder.end()]) {
      try {
        again();
        faults.push('dead: a decoder that failed went on');
      } catch (thrown) {
        if (thrown !== first) faults.push('dead: a decoder that failed fails otherwise later');
      }
    }
  }

  /** Frames are the only reason here to allocate outside V8's heap. */
  #watchAllocations(): void {
    const allocate = Buffer.allocUnsafeSlow.bind(Buffer);
    Buffer.allocUnsafeSlow = (bytes) => {
      this.#largest = Math.max(this.#largest, bytes);
      if (bytes > Math.max(BELIEVED_BYTES, GROWTH * this.#arrived)) this.#overdrawn = bytes;
      return allocate(bytes);
    };
  }
}

function digestOf(frames: readonly Protocol.Frame[]): string {
  const hash = createHash('sha1');
  for (const { type, tagged, callId, envelope, buffers, placed = [] } of frames) {
    hash.update(`${type},${Number(tagged)},${callId},${Buffer.byteLength(envelope)},${buffers.length},`);
    hash.update(envelope);
    for (const buffer of buffers) hash.update(`${buffer.length},`).update(buffer);
    for (const { index, segment, bytes } of placed) hash.update(`${index}@${segment}+${bytes},`);
  }
  return `${frames.length}:${hash.digest('hex').slice(0, 16)}`;
}
