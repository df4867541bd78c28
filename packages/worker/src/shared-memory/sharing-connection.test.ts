import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeMessage, FrameType, type Frame, type MapSegment, type PypoolError } from '@pypool/protocol';
import { createMemoryTransport, type Connection, type RuntimeSide } from '@pypool/transport';
import { afterEach, describe, expect, it } from 'vitest';
import { HELLO } from '../life/fake-process.js';
import { MapTurns } from './map-turns.js';
import { ResultMemory } from './result-memory.js';
import { sharingConnection, type SharingOptions } from './sharing-connection.js';

const MIB = 1024 ** 2;
const TOKEN = '000102030405060708090a0b0c0d0e0f';

/** Both ends of a connection that shares memory. The runtime's is this test: its segments are files of this process, which have no name either. */
class Shared {
  readonly calls: Frame[] = [];
  readonly replies: Frame[] = [];
  readonly refusals: string[] = [];
  readonly told: Frame[] = [];
  onReply: () => void = () => undefined;
  readonly ended: Promise<PypoolError | undefined>;
  readonly controlEnded: Promise<PypoolError | undefined>;
  readonly connection: Connection;
  readonly runtime: RuntimeSide;
  #files = new Map<number, number>();

  constructor(inner: Connection, runtime: RuntimeSide, options: Partial<SharingOptions>) {
    this.runtime = runtime;
    this.connection = sharingConnection(inner, {
      workerId: 'w',
      memory: new ResultMemory(0),
      turns: new MapTurns(),
      intoOf: () => undefined,
      thresholdBytes: MIB,
      maxBytes: 32 * MIB,
      onRefused: (reason) => this.refusals.push(reason),
      ...options,
    });
    runtime.listen({
      requests: { onFrame: (frame) => this.calls.push(frame), onEnd: () => undefined },
      control: { onFrame: (frame) => this.told.push(frame), onEnd: () => undefined },
    });
    let onEnd!: (error: PypoolError | undefined) => void;
    let onControlEnd!: (error: PypoolError | undefined) => void;
    this.ended = new Promise((resolve) => (onEnd = resolve));
    this.controlEnded = new Promise((resolve) => (onControlEnd = resolve));
    this.connection.listen({
      replies: {
        onFrame: (frame) => {
          this.replies.push(frame);
          this.onReply();
        },
        onEnd,
      },
      control: { onFrame: () => undefined, onEnd: onControlEnd },
    });
    this.runtime.control.send(
      encodeMessage(FrameType.HELLO, { ...HELLO, pid: process.pid, capabilities: ['shared-memory'] }),
    );
  }

  static async start(options: Partial<SharingOptions> = {}): Promise<Shared> {
    let runtime!: RuntimeSide;
    const { signal } = new AbortController();
    const offer = await createMemoryTransport({ onRuntime: (side) => (runtime = side) }).offer(signal);
    const shared = new Shared(await offer.accept([], signal), runtime, options);
    await turns(3);
    return shared;
  }

  /** Make what was asked for last, as a runtime would. @param named where it does, or rather does not: in a file that has a name */
  async make(token = TOKEN, named?: string): Promise<number> {
    const asked = JSON.parse((await this.next(FrameType.MAP)).envelope) as MapSegment;
    const folder = mkdtempSync(join(tmpdir(), 'pypool-'));
    const fd = openSync(named ?? join(folder, 'segment'), 'w+');
    if (named === undefined) unlinkSync(join(folder, 'segment'));
    rmdirSync(folder);
    ftruncateSync(fd, asked.bytes);
    writeSync(fd, Buffer.from(TOKEN, 'hex'), 0, 16, 0);
    this.#files.set(asked.segment, fd);
    this.runtime.control.send(
      encodeMessage(FrameType.MAPPED, { segment: asked.segment, fd, token, error: null }),
    );
    await turns(3);
    return asked.segment;
  }

  /** The next control message of a type. */
  async next(type: number): Promise<Frame> {
    for (;;) {
      const at = this.told.findIndex((frame) => frame.type === type);
      if (at !== -1) return this.told.splice(at, 1)[0]!;
      await turns(1);
    }
  }

  fileOf(segment: number): number {
    return this.#files.get(segment)!;
  }

  call(callId: number, ...buffers: Uint8Array[]): void {
    this.connection.requests.send({ type: FrameType.CALL, tagged: true, callId, envelope: '["f"]', buffers });
  }

  reply(callId: number, segment: number, bytes: number): void {
    this.runtime.replies.send({
      type: FrameType.RESULT,
      tagged: true,
      callId,
      envelope: '[0]',
      buffers: [new Uint8Array(0)],
      placed: [{ index: 0, segment, bytes }],
    });
  }

  /** Have a segment for replies: one large reply asks for it. */
  async forReplies(bytes: number): Promise<number> {
    this.runtime.replies.send({
      type: FrameType.RESULT,
      tagged: true,
      callId: 1,
      envelope: '[0]',
      buffers: [pattern(bytes)],
    });
    const segment = await this.make();
    this.replies.length = 0;
    return segment;
  }

  [Symbol.dispose](): void {
    this.connection.destroy();
    this.runtime.destroy();
    for (const fd of this.#files.values()) closeSync(fd);
  }
}

/** Bytes of which no two pages are the same. */
function pattern(bytes: number, seed = 1): Uint8Array {
  const made = new Uint8Array(bytes);
  const words = new Uint32Array(made.buffer);
  for (let at = 0; at < words.length; at += 1024) words[at] = at + seed;
  return made;
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turns(1);
}

const open: Shared[] = [];
async function shared(options: Partial<SharingOptions> = {}): Promise<Shared> {
  const made = await Shared.start(options);
  open.push(made);
  return made;
}
afterEach(() => {
  for (const each of open.splice(0)) each[Symbol.dispose]();
});

describe('requests', () => {
  it('send the first large buffer in its frame and the next in a segment, and small ones never', async () => {
    const side = await shared();
    side.call(1, pattern(MIB));
    const segment = await side.make();
    expect(JSON.parse((await side.next(FrameType.OPENED)).envelope)).toEqual({ segment });
    const large = pattern(MIB, 7);
    side.call(2, new Uint8Array([5]), large);
    await until(() => side.calls.length === 2);
    expect(side.calls[0]?.buffers.map(({ byteLength }) => byteLength)).toEqual([MIB]);
    expect(side.calls[0]?.placed).toBeUndefined();
    expect(side.calls[1]?.buffers.map(({ byteLength }) => byteLength)).toEqual([1, 0]);
    expect(side.calls[1]?.placed).toEqual([{ index: 1, segment, bytes: MIB }]);
    const found = Buffer.alloc(MIB);
    readSync(side.fileOf(segment), found, 0, MIB, 0);
    expect(found.equals(large)).toBe(true);
  });

  it('use a segment again only when the worker is done with it', async () => {
    const side = await shared();
    side.call(1, pattern(MIB));
    const segment = await side.make();
    for (const callId of [2, 3]) side.call(callId, pattern(MIB));
    await until(() => side.calls.length === 3);
    expect(side.calls.map(({ placed }) => placed?.[0]?.segment)).toEqual([undefined, segment, undefined]);
    side.runtime.control.send(encodeMessage(FrameType.RELEASED, { segments: [segment] }));
    await turns(3);
    side.call(4, pattern(MIB));
    await until(() => side.calls.length === 4);
    expect(side.calls[3]?.placed?.[0]?.segment).toBe(segment);
  });

  it('are copied in pieces, and leave in their order, the end behind them', async () => {
    const side = await shared();
    side.call(1, pattern(9 * MIB));
    const segment = await side.make();
    let ended = false;
    side.call(2, pattern(9 * MIB, 3));
    const small = new Uint8Array([1, 2, 3]);
    side.call(3, small);
    small.fill(9); // it was sent: whoever sent it may use its memory
    side.connection.requests.end();
    side.call(4);
    await turns(1);
    expect(side.calls.map(({ callId }) => callId)).toEqual([1]);
    side.runtime.streams.requests.once('end', () => (ended = true));
    await until(() => ended);
    expect(side.calls.map(({ callId }) => callId)).toEqual([1, 2, 3]);
    expect(side.calls[1]?.placed?.[0]?.segment).toBe(segment);
    expect([...side.calls[2]!.buffers[0]!]).toEqual([1, 2, 3]);
  });

  it('over the limits are refused before anything is sent', async () => {
    const side = await shared();
    side.connection.limit({ maxFrameBytes: 1_000, maxBufferBytes: MIB });
    expect(() => side.call(1, pattern(2 * MIB))).toThrow(
      expect.objectContaining({ code: 'frame-too-large' }) as Error,
    );
    await turns(3);
    expect(side.calls).toEqual([]);
    expect(side.told).toEqual([]);
  });

  it('at a limit that they meet in their frame alone are refused as well, and nobody else suffers', async () => {
    const side = await shared();
    side.call(1, pattern(MIB));
    await side.make();
    side.connection.limit({ maxFrameBytes: 20, maxBufferBytes: MIB });
    expect(() => side.call(2, pattern(MIB))).toThrow(
      expect.objectContaining({
        code: 'frame-too-large',
        message: expect.stringContaining('21 bytes') as string,
      }) as Error,
    );
    side.connection.limit({ maxFrameBytes: 21, maxBufferBytes: MIB });
    side.call(3, pattern(MIB));
    await until(() => side.calls.length === 2);
    expect(side.calls[1]?.placed).toHaveLength(1);
  });

  it('end the connection where a buffer without a segment is transferred while those before it are copied', async () => {
    const side = await shared();
    side.call(1, pattern(9 * MIB));
    await side.make();
    const taken = pattern(MIB / 2);
    side.call(2, pattern(9 * MIB));
    side.call(3, taken);
    await turns(1);
    structuredClone(taken, { transfer: [taken.buffer as ArrayBuffer] });
    expect(await side.ended).toMatchObject({ code: 'protocol', outcome: 'unknown' });
    expect(side.calls.map(({ callId }) => callId)).not.toContain(3);
  });

  it('end the connection where a buffer is transferred while it is copied', async () => {
    const side = await shared();
    side.call(1, pattern(9 * MIB));
    await side.make();
    const taken = pattern(9 * MIB);
    side.call(2, taken);
    structuredClone(taken, { transfer: [taken.buffer as ArrayBuffer] });
    expect(await side.ended).toMatchObject({ code: 'protocol', outcome: 'unknown' });
  });
});

describe('replies', () => {
  it('are read from their segments, which are then free', async () => {
    const side = await shared();
    const segment = await side.forReplies(MIB);
    for (const seed of [3, 4]) {
      writeSync(side.fileOf(segment), pattern(MIB, seed), 0, MIB, 0);
      side.reply(seed, segment, MIB);
      expect(JSON.parse((await side.next(FrameType.RELEASE)).envelope)).toEqual({ segments: [segment] });
    }
    const isPattern = side.replies.map(({ buffers }, at) =>
      Buffer.compare(buffers[0]!, pattern(MIB, at + 3)),
    );
    expect(isPattern).toEqual([0, 0]);
    expect(side.replies[0]?.placed).toBeUndefined();
  });

  it('are read into memory of their caller, if they fit', async () => {
    const into = new Uint8Array(2 * MIB + 8).subarray(8);
    const side = await shared({ intoOf: (callId) => (callId === 3 ? into.subarray(1) : into) });
    const segment = await side.forReplies(3 * MIB);
    for (const [callId, bytes, lies] of [
      [2, 2 * MIB, true],
      [3, MIB, false],
      [4, 3 * MIB, false],
    ] as const) {
      writeSync(side.fileOf(segment), pattern(bytes, callId), 0, bytes, 0);
      side.reply(callId, segment, bytes);
      await side.next(FrameType.RELEASE);
      const [read] = side.replies.at(-1)!.buffers;
      expect([read!.buffer === into.buffer, Buffer.compare(read!, pattern(bytes, callId))]).toEqual([
        lies,
        0,
      ]);
    }
    expect(Buffer.compare(into, pattern(2 * MIB, 2))).toBe(0);
  });

  it('leave memory of their caller alone from when that has an answer', async () => {
    const into = new Uint8Array(9 * MIB);
    let given: Uint8Array | undefined = into;
    const side = await shared({ intoOf: () => given });
    const segment = await side.forReplies(9 * MIB);
    writeSync(side.fileOf(segment), pattern(9 * MIB, 5), 0, 9 * MIB, 0);
    side.reply(2, segment, 9 * MIB);
    await until(() => into[0] !== 0);
    given = undefined;
    const then = into.slice();
    await side.next(FrameType.RELEASE);
    expect(then.at(-4096)).toBe(0);
    expect(Buffer.compare(into, then)).toBe(0);
  });

  it('are whole where their caller transfers that memory while they are read', async () => {
    const into = new Uint8Array(9 * MIB);
    const side = await shared({ intoOf: () => into });
    const segment = await side.forReplies(9 * MIB);
    writeSync(side.fileOf(segment), pattern(9 * MIB, 5), 0, 9 * MIB, 0);
    side.reply(2, segment, 9 * MIB);
    await until(() => into[0] !== 0);
    structuredClone(into, { transfer: [into.buffer] });
    await until(() => side.replies.length === 1);
    expect(Buffer.compare(side.replies[0]!.buffers[0]!, pattern(9 * MIB, 5))).toBe(0);
  });

  it('are whole where their caller transfers that memory while others of the same result are read', async () => {
    const into = new Uint8Array(2 * MIB);
    const side = await shared({ intoOf: () => into });
    const first = await side.forReplies(2 * MIB);
    const second = await side.forReplies(9 * MIB);
    writeSync(side.fileOf(first), pattern(2 * MIB, 5), 0, 2 * MIB, 0);
    side.runtime.replies.send({
      type: FrameType.RESULT,
      tagged: true,
      callId: 2,
      envelope: '[0,1]',
      buffers: [new Uint8Array(0), new Uint8Array(0)],
      placed: [
        { index: 0, segment: first, bytes: 2 * MIB },
        { index: 1, segment: second, bytes: 9 * MIB },
      ],
    });
    await turns(2);
    expect(side.replies).toEqual([]);
    structuredClone(into, { transfer: [into.buffer] });
    await until(() => side.replies.length === 1);
    expect(Buffer.compare(side.replies[0]!.buffers[0]!, pattern(2 * MIB, 5))).toBe(0);
  });

  it('of a worker that died are read to their end, before the end is told', async () => {
    const side = await shared();
    const segment = await side.forReplies(9 * MIB);
    writeSync(side.fileOf(segment), pattern(9 * MIB, 5), 0, 9 * MIB, 0);
    side.reply(2, segment, 9 * MIB);
    side.runtime.replies.send({
      type: FrameType.RESULT,
      tagged: false,
      callId: 3,
      envelope: '1',
      buffers: [],
    });
    side.runtime.replies.end();
    expect(await side.ended).toBeUndefined();
    expect(side.replies.map(({ callId }) => callId)).toEqual([2, 3]);
    expect(Buffer.compare(side.replies[0]!.buffers[0]!, pattern(9 * MIB, 5))).toBe(0);
  });

  it('that are being read when the connection is closed are lost, and the end says so', async () => {
    const side = await shared();
    const segment = await side.forReplies(9 * MIB);
    side.onReply = () => setImmediate(() => side.connection.destroy());
    side.runtime.replies.send({
      type: FrameType.RESULT,
      tagged: false,
      callId: 2,
      envelope: '1',
      buffers: [],
    });
    side.reply(3, segment, 9 * MIB);
    side.runtime.replies.end();
    expect(await side.ended).toMatchObject({ category: 'communication', outcome: 'unknown' });
    expect(side.replies.map(({ callId }) => callId)).toEqual([2]);
  });

  it.each<[string, (side: Shared, segment: number) => void]>([
    ['lie in no segment', (side, segment) => side.reply(2, segment + 1, 8)],
    ['are larger than theirs', (side, segment) => side.reply(2, segment, 10 * MIB)],
    [
      'lie in one that is still being read',
      (side, segment) => {
        side.reply(2, segment, 8 * MIB);
        side.reply(3, segment, 8 * MIB);
      },
    ],
    [
      'lie beyond the end of a file that was cut short',
      (side, segment) => {
        ftruncateSync(side.fileOf(segment), 100);
        side.reply(2, segment, MIB);
      },
    ],
  ])('end the connection where they %s', async (_, lie) => {
    const side = await shared();
    const segment = await side.forReplies(8 * MIB);
    lie(side, segment);
    expect(await side.ended).toMatchObject({ code: 'protocol', outcome: 'unknown' });
  });
});

describe('segments', () => {
  it('are given up, with the reason, where the worker cannot make one or is in another namespace', async () => {
    for (const told of [
      { fd: null, token: null, error: 'OSError: no memory' },
      { fd: 0, token: 'ffff', error: null },
      { fd: 999_999, token: TOKEN, error: null },
    ]) {
      const side = await shared();
      side.call(1, pattern(MIB));
      await side.next(FrameType.MAP);
      side.runtime.control.send(encodeMessage(FrameType.MAPPED, { segment: 1, ...told }));
      await until(() => side.refusals.length === 1);
      side.call(2, pattern(MIB));
      await until(() => side.calls.length === 2);
      expect(side.calls[1]?.placed).toBeUndefined();
      expect(side.told.filter(({ type }) => type === FrameType.MAP)).toEqual([]);
    }
  });

  it('are given up where the worker names a file that others can find, which only this process may be allowed to write to', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pypool-'));
    try {
      const side = await shared();
      side.call(1, pattern(MIB));
      await side.make(TOKEN, join(folder, 'precious'));
      await until(() => side.refusals.length === 1);
      side.call(2, pattern(MIB));
      await until(() => side.calls.length === 2);
      expect(side.calls[1]?.placed).toBeUndefined();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('that are too small make room for larger ones within the limit', async () => {
    const side = await shared({ maxBytes: 3 * MIB });
    side.call(1, pattern(MIB));
    const small = await side.make();
    side.call(2, pattern(3 * MIB));
    expect(JSON.parse((await side.next(FrameType.UNMAP)).envelope)).toEqual({ segments: [small] });
    side.runtime.control.send(encodeMessage(FrameType.UNMAPPED, { segments: [small] }));
    await turns(3);
    side.call(3, pattern(3 * MIB));
    const large = await side.make();
    side.call(4, pattern(3 * MIB));
    await until(() => side.calls.length === 4);
    expect(side.calls[3]?.placed?.[0]?.segment).toBe(large);
  });

  it('are not asked for where one would be over the limit, or of a runtime that cannot share', async () => {
    const side = await shared({ maxBytes: MIB });
    side.call(1, pattern(2 * MIB));
    await until(() => side.calls.length === 1);
    expect(side.told).toEqual([]);
  });

  it('end the connection where the worker says of one what cannot be', async () => {
    for (const lie of [
      encodeMessage(FrameType.MAPPED, { segment: 5, fd: 0, token: TOKEN, error: null }),
      encodeMessage(FrameType.RELEASED, { segments: [1] }),
      encodeMessage(FrameType.UNMAPPED, { segments: [1] }),
    ]) {
      const side = await shared();
      side.runtime.control.send(lie);
      expect(await side.controlEnded).toMatchObject({ code: 'protocol', outcome: 'unknown' });
    }
  });
});

describe('several workers', () => {
  const maps = (side: Shared) => side.told.filter(({ type }) => type === FrameType.MAP).length;

  it('make their segments one after another, so that each sees what is left', async () => {
    const oneAtATime = new MapTurns();
    const [first, second] = [await shared({ turns: oneAtATime }), await shared({ turns: oneAtATime })];
    for (const side of [first, second]) side.call(1, pattern(MIB));
    await until(() => first.calls.length === 1 && second.calls.length === 1);
    await turns(3);
    expect([maps(first), maps(second)]).toEqual([1, 0]);
    await first.make();
    expect(maps(second)).toBe(1);
    await second.make();
    expect([...first.refusals, ...second.refusals]).toEqual([]);
  });

  it('do not wait for one that is gone', async () => {
    const oneAtATime = new MapTurns();
    const [first, second] = [await shared({ turns: oneAtATime }), await shared({ turns: oneAtATime })];
    for (const side of [first, second]) side.call(1, pattern(MIB));
    first.runtime.replies.send({
      type: FrameType.RESULT,
      tagged: true,
      callId: 1,
      envelope: '[0]',
      buffers: [pattern(MIB)],
    });
    await until(() => first.replies.length === 1 && second.calls.length === 1);
    expect([maps(first), maps(second)]).toEqual([1, 0]);
    first.connection.destroy();
    await until(() => maps(second) === 1);
  });
});
