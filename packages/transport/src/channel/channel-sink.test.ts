import { Writable } from 'node:stream';
import { FrameEncoder, type Frame, type PypoolError } from '@pypool/protocol';
import { describe, expect, it } from 'vitest';
import { MIB, bytes, call } from '../testing/sample-frames.js';
import { ChannelSink } from './channel-sink.js';

/** A stream that notes what each system call would have been, and takes bytes when it is told to. */
class Recording extends Writable {
  readonly writes: Buffer[] = [];
  #done: (() => void) | undefined;
  #stuck = false;

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.writes.push(chunk);
    if (this.#stuck) this.#done = done;
    else done();
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'binary', done);
  }

  stick(): void {
    this.#stuck = true;
  }

  loosen(): void {
    this.#stuck = false;
    this.#done?.();
  }
}

function encoded(...frames: Frame[]): Buffer {
  const encoder = new FrameEncoder();
  for (const frame of frames) encoder.push(frame);
  return Buffer.concat(encoder.take());
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

function unbroken(error: Error): never {
  throw error;
}

describe('a channel sink', () => {
  it('writes once for all frames of a turn, its microtasks and ticks included', async () => {
    const stream = new Recording();
    const sink = new ChannelSink(stream, unbroken);
    const frames = [1, 2, 3, 4].map((id) => call(id, ['echo']));
    sink.send(frames[0]!);
    process.nextTick(() => sink.send(frames[1]!));
    await Promise.resolve();
    sink.send(frames[2]!);
    await Promise.resolve();
    sink.send(frames[3]!);
    expect(stream.writes).toEqual([]);
    await turn();
    expect(stream.writes).toHaveLength(1);
    expect(stream.writes[0]).toHaveLength(encoded(...frames).length);

    sink.send(frames[0]!);
    await turn();
    expect(stream.writes[1]).toEqual(encoded(frames[0]!));
  });

  it('writes small frames and large buffers of one turn together', async () => {
    const stream = new Recording();
    const sink = new ChannelSink(stream, unbroken);
    const frames = [call(1, ['a']), { ...call(2, ['b']), buffers: [bytes(MIB), bytes(10)] }, call(3, ['c'])];
    for (const frame of frames) sink.send(frame);
    await turn();
    expect(stream.writes).toHaveLength(1);
    expect(stream.writes[0]?.equals(encoded(...frames))).toBe(true);
  });

  it('counts what the stream has not taken, and tells when it has', async () => {
    const stream = new Recording();
    const sink = new ChannelSink(stream, unbroken);
    stream.stick();
    sink.send({ ...call(1, ['a']), buffers: [bytes(MIB)] });
    expect(sink.bufferedBytes).toBeGreaterThan(MIB);
    let drained = false;
    const waiting = sink.drained().then(() => (drained = true));
    await turn();
    expect(sink.bufferedBytes).toBeGreaterThan(MIB);
    expect(drained).toBe(false);
    stream.loosen();
    await waiting;
    expect(sink.bufferedBytes).toBe(0);
  });

  it('lets nobody wait for a stream that has broken', async () => {
    const stream = new Recording();
    const sink = new ChannelSink(stream, unbroken);
    stream.stick();
    sink.send({ ...call(1, ['a']), buffers: [bytes(MIB)] });
    const waiting = sink.drained();
    await turn();
    stream.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    await waiting;
    expect(sink.bufferedBytes).toBe(0);
    sink.send(call(2, ['b']));
    sink.end();
    await turn();
    expect(stream.writes).toHaveLength(1);
  });

  it('writes what was sent before the end of the same turn, and nothing sent after it', async () => {
    const stream = new Recording();
    const sink = new ChannelSink(stream, unbroken);
    sink.send(call(1, ['a']));
    sink.end();
    sink.send(call(2, ['b']));
    await turn();
    expect(stream.writes).toEqual([encoded(call(1, ['a']))]);
    expect(stream.writableFinished).toBe(true);
  });

  it('breaks, and writes nothing, where a large buffer was transferred before it left', async () => {
    const stream = new Recording();
    const broken: PypoolError[] = [];
    const sink = new ChannelSink(stream, (error) => broken.push(error));
    const large = bytes(MIB);
    sink.send(call(1, ['a']));
    sink.send({ ...call(2, ['b']), buffers: [large] });
    structuredClone(large, { transfer: [large.buffer as ArrayBuffer] });
    await turn();
    sink.send(call(3, ['c']));
    await turn();
    expect(stream.writes).toEqual([]);
    expect(sink.bufferedBytes).toBe(0);
    expect(broken).toEqual([expect.objectContaining({ code: 'protocol', outcome: 'unknown' })]);
  });

  it.each([1, 2])(
    'breaks, and writes no more, where one of %i large buffers was transferred while it waited for the stream',
    async (count) => {
      const stream = new Recording();
      const broken: PypoolError[] = [];
      const sink = new ChannelSink(stream, (error) => broken.push(error));
      stream.stick();
      sink.send(call(1, ['a']));
      await turn();
      const buffers = Array.from({ length: count }, () => bytes(MIB));
      sink.send({ ...call(2, ['b']), buffers });
      await turn();
      const [first] = buffers;
      structuredClone(first, { transfer: [first!.buffer as ArrayBuffer] });
      stream.loosen();
      sink.send(call(3, ['c']));
      await turn();
      expect(stream.writes).toEqual([encoded(call(1, ['a']))]);
      expect(sink.bufferedBytes).toBe(0);
      expect(broken).toEqual([expect.objectContaining({ code: 'protocol', outcome: 'unknown' })]);
    },
  );

  it('writes large buffers that waited for the stream as they are', async () => {
    const stream = new Recording();
    const sink = new ChannelSink(stream, unbroken);
    stream.stick();
    sink.send(call(1, ['a']));
    await turn();
    const frames = [{ ...call(2, ['b']), buffers: [bytes(MIB), bytes(10)] }, call(3, ['c'])];
    for (const frame of frames) sink.send(frame);
    await turn();
    stream.loosen();
    expect(Buffer.concat(stream.writes).equals(encoded(call(1, ['a']), ...frames))).toBe(true);
  });
});
