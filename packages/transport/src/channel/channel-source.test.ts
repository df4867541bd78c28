import { Duplex } from 'node:stream';
import { FrameEncoder, FrameType, REPLY_TYPES, type Frame } from '@pypool/protocol';
import { describe, expect, it } from 'vitest';
import { Recorder } from '../testing/recorder.js';
import { ChannelSource } from './channel-source.js';
import { createStreamConnection } from './stream-connection.js';

/** A stream whose peer the test is. */
class Fed extends Duplex {
  override _read(): void {
    // The test pushes.
  }

  override _write(_chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  }
}

const result: Frame = { type: FrameType.RESULT, tagged: false, callId: 7, envelope: '"ok"', buffers: [] };
const event: Frame = { type: FrameType.EVENT, tagged: false, callId: 0, envelope: '{}', buffers: [] };
const ping: Frame = { type: FrameType.PING, tagged: false, callId: 0, envelope: '{}', buffers: [] };

function encoded(frame: Frame): Buffer {
  const encoder = new FrameEncoder();
  encoder.push(frame);
  return Buffer.concat(encoder.take());
}

function sourceOf(stream: Duplex): ChannelSource {
  return new ChannelSource(stream, { channel: 'replies', accepts: REPLY_TYPES, resetIsEnd: true });
}

describe('a channel source', () => {
  it('keeps everything for its listener, whoever resumes the stream before', async () => {
    const stream = new Fed();
    const source = sourceOf(stream);
    stream.push(encoded(result));
    stream.push(null);
    stream.resume();
    await new Promise((resolve) => setImmediate(resolve));
    const recorder = new Recorder();
    source.listen(recorder);
    expect(await recorder.ended).toBeUndefined();
    expect(recorder.frames).toEqual([result]);
  });

  it('takes a reset for the end where all bytes come before it', async () => {
    const stream = new Fed();
    const recorder = new Recorder();
    sourceOf(stream).listen(recorder);
    stream.push(encoded(result));
    await recorder.first(1);
    stream.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
    expect(await recorder.ended).toBeUndefined();
  });

  it('tells of a medium that failed, and of a stream that closed without an end', async () => {
    for (const error of [new Error('read EIO'), undefined]) {
      const stream = new Fed();
      const recorder = new Recorder();
      sourceOf(stream).listen(recorder);
      stream.destroy(error);
      expect(await recorder.ended).toMatchObject({ category: 'communication', outcome: 'unknown' });
      expect(recorder.ends).toBe(1);
    }
  });

  it('tells a late listener of an end that has come', async () => {
    const stream = new Fed();
    const source = sourceOf(stream);
    source.destroy();
    await new Promise((resolve) => stream.once('close', resolve));
    const recorder = new Recorder();
    source.listen(recorder);
    expect((await recorder.ended)?.category).toBe('communication');
  });

  it('ends as internal when its listener throws', async () => {
    const stream = new Fed();
    const ended = new Promise((resolve) => {
      sourceOf(stream).listen({
        onFrame() {
          throw new Error('a bug');
        },
        onEnd: resolve,
      });
    });
    stream.push(encoded(result));
    expect(await ended).toMatchObject({ code: 'internal', cause: new Error('a bug') });
    expect(stream.destroyed).toBe(true);
  });
});

describe('control, which goes both ways in one stream', () => {
  it('is read to its end after writing to it has failed', async () => {
    const streams = { requests: new Fed(), replies: new Fed(), control: new Fed() };
    const connection = createStreamConnection(streams, { exactEnd: true });
    const control = new Recorder();
    connection.listen({ replies: new Recorder(), control });
    connection.control.send(ping);
    await new Promise((resolve) => setImmediate(resolve));
    streams.control.push(encoded(event));
    streams.control.push(null);
    expect(await control.ended).toBeUndefined();
    expect(control.frames).toEqual([event]);
    connection.destroy();
  });
});
