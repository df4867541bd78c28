import { DEFAULT_LIMITS, FrameType, isPypoolError } from '@pypool/protocol';
import { describe, expect, it } from 'vitest';
import type { Connection } from '../contract.js';
import { END_OF_REQUESTS_ID } from './conformance-peer.js';
import { Recorder } from './recorder.js';
import { MIB, bytes, call, ping } from './sample-frames.js';

/** A transport under test, with something at the far end that behaves as `serveConformancePeer()` does. */
export interface TransportHarness {
  /** Make one connection to a fresh peer. */
  connect(): Promise<Connection>;
  /** Whether connections are handles of the operating system, which can keep Node alive. */
  readonly holdsHandles: boolean;
  /** End every peer and give everything back. */
  close(): Promise<void>;
}

/** What every transport must do. Runs inside a vitest file: `transportConformance('pipe', () => createHarness())`. */
export function transportConformance(name: string, createHarness: () => Promise<TransportHarness>): void {
  describe(`the ${name} transport`, () => {
    /** Runs `body` with one connection that is listened to. */
    function connected(body: (test: ConnectionUnderTest) => Promise<void>): () => Promise<void> {
      return async () => {
        const harness = await createHarness();
        try {
          const connection = await harness.connect();
          const replies = new Recorder();
          const control = new Recorder();
          connection.listen({ replies, control });
          await body({ connection, replies, control, holdsHandles: harness.holdsHandles });
          connection.destroy();
          await Promise.all([replies.ended, control.ended]);
        } finally {
          await harness.close();
        }
      };
    }

    it(
      'delivers frames whole and in order',
      connected(async ({ connection, replies }) => {
        const buffers = [bytes(5), bytes(0), bytes(100_000)];
        connection.requests.send({ ...call(1, ['echo', 'ä', '☃']), tagged: true, buffers });
        connection.requests.send(call(2, ['echo']));

        const [first, second] = await replies.first(2);
        expect(first).toMatchObject({
          type: FrameType.RESULT,
          callId: 1,
          tagged: true,
          envelope: '["echo","ä","☃"]',
        });
        expect(first?.buffers.map((buffer) => Buffer.from(buffer))).toEqual(buffers);
        expect(second).toMatchObject({ callId: 2, tagged: false, buffers: [] });
      }),
    );

    it(
      'carries 10 000 frames',
      connected(async ({ connection, replies }) => {
        for (let id = 1; id <= 10_000; id++) connection.requests.send(call(id, ['echo', id]));
        const received = await replies.first(10_000);
        expect(received.findIndex(({ callId }, index) => callId !== index + 1)).toBe(-1);
      }),
    );

    it(
      'sends all frames of one turn in one write, those of its microtasks included',
      connected(async ({ connection, replies }) => {
        connection.requests.send(call(1, ['reads']));
        await replies.first(1);
        await new Promise<void>((resolve) => setImmediate(resolve));

        setImmediate(() => {
          connection.requests.send(call(2, ['echo']));
          let chain = Promise.resolve();
          for (let id = 3; id <= 10; id++)
            chain = chain.then(() => connection.requests.send(call(id, ['echo'])));
        });
        await replies.first(10);
        connection.requests.send(call(11, ['reads']));

        const frames = await replies.first(11);
        expect(Number(frames[10]?.envelope) - Number(frames[0]?.envelope)).toBe(2);
      }),
    );

    it(
      'carries buffers far larger than the system holds',
      connected(async ({ connection, replies }) => {
        const large = bytes(24 * MIB);
        connection.requests.send({ ...call(1, ['echo']), buffers: [bytes(3), large] });
        const [reply] = await replies.first(1);
        expect(large.equals(reply?.buffers[1] ?? bytes(0))).toBe(true);
      }),
    );

    it(
      'lets senders wait while the peer does not read',
      connected(async ({ connection, replies }) => {
        expect(connection.requests.bufferedBytes).toBe(0);
        await connection.requests.drained();

        connection.requests.send(call(1, ['hold']));
        await replies.first(1);
        for (let id = 2; id <= 9; id++)
          connection.requests.send({ ...call(id, ['echo']), buffers: [bytes(MIB)] });
        expect(connection.requests.bufferedBytes).toBeGreaterThan(8 * MIB);
        let drained = false;
        const waiting = connection.requests.drained().then(() => (drained = true));
        await nextTurn();
        expect(drained).toBe(false);
        expect(connection.requests.bufferedBytes).toBeGreaterThan(MIB);

        connection.control.send(ping);
        await waiting;
        await replies.first(9);
        expect(connection.requests.bufferedBytes).toBe(0);
      }),
    );

    it(
      'carries control beside requests that are stuck',
      connected(async ({ connection, control, replies }) => {
        connection.requests.send(call(1, ['hold']));
        await replies.first(1);
        connection.requests.send({ ...call(2, ['echo']), buffers: [bytes(8 * MIB)] });
        await nextTurn();
        connection.control.send(ping);
        const [pong] = await control.first(1);
        expect(pong).toMatchObject({ type: FrameType.PONG, callId: 0, envelope: '{"n":1}' });
        await replies.first(2);
      }),
    );

    it(
      'refuses a frame over the limits and carries on',
      connected(async ({ connection, replies }) => {
        connection.limit({ maxFrameBytes: 1000, maxBufferBytes: 1000 });
        connection.requests.send(call(1, ['echo']));
        expect(codeThrownBy(() => connection.requests.send(call(2, ['echo', 'x'.repeat(2000)])))).toBe(
          'frame-too-large',
        );
        expect(
          codeThrownBy(() => connection.requests.send({ ...call(3, ['echo']), buffers: [bytes(2000)] })),
        ).toBe('frame-too-large');
        connection.requests.send(call(4, ['echo']));

        const received = await replies.first(2);
        expect(received.map(({ callId }) => callId)).toEqual([1, 4]);
      }),
    );

    it(
      'ends with frame-too-large when the peer announces more than the limits',
      connected(async ({ connection, replies }) => {
        connection.requests.send(call(1, ['echo', 'x'.repeat(2000)]));
        connection.requests.end();
        connection.limit({ ...DEFAULT_LIMITS, maxFrameBytes: 1000 });
        expect((await replies.ended)?.code).toBe('frame-too-large');
      }),
    );

    it(
      'reads everything after the requests were half-closed, then one end each',
      connected(async ({ connection, replies, control }) => {
        for (let id = 1; id <= 100; id++) connection.requests.send(call(id, ['echo', 'x'.repeat(1000)]));
        connection.requests.end();
        connection.requests.end();
        connection.requests.send(call(101, ['echo']));

        expect(await replies.ended).toBeUndefined();
        expect(await control.ended).toBeUndefined();
        expect(replies.frames).toHaveLength(101);
        expect(replies.frames.at(-1)?.callId).toBe(END_OF_REQUESTS_ID);
        expect(connection.requests.bufferedBytes).toBe(0);
        await connection.requests.drained();
        connection.destroy();
        await nextTurn();
        expect([replies.ends, control.ends]).toEqual([1, 1]);
      }),
    );

    it(
      'tells both listeners of an end that is not exact when it is destroyed, once',
      connected(async ({ connection, replies, control }) => {
        connection.destroy();
        connection.destroy();
        expect((await replies.ended)?.category).toBe('communication');
        expect((await control.ended)?.category).toBe('communication');
        await nextTurn();
        expect([replies.ends, control.ends]).toEqual([1, 1]);

        connection.requests.send(call(1, ['echo']));
        connection.control.send(ping);
        connection.requests.end();
        connection.keepAlive(true);
        await connection.requests.drained();
      }),
    );

    it('delivers no frame after it was destroyed by its own listener', async () => {
      const harness = await createHarness();
      try {
        const connection = await harness.connect();
        const seen: number[] = [];
        const control = new Recorder();
        const ended = new Promise<void>((resolve) => {
          connection.listen({
            replies: {
              onFrame({ callId }) {
                seen.push(callId);
                connection.destroy();
              },
              onEnd: () => resolve(),
            },
            control,
          });
        });
        for (let id = 1; id <= 3; id++) connection.requests.send(call(id, ['echo']));
        await ended;
        expect(seen).toEqual([1]);
      } finally {
        await harness.close();
      }
    });

    it(
      'ends with a protocol error at bytes that are no frame',
      connected(async ({ connection, replies }) => {
        connection.requests.send(call(1, ['echo']));
        await replies.first(1);
        connection.requests.send(call(2, ['garbage']));
        expect((await replies.ended)?.code).toBe('protocol');
        expect(replies.frames.map(({ callId }) => callId)).toEqual([1]);
      }),
    );

    it(
      'ends with a protocol error at a frame that was cut off',
      connected(async ({ connection, replies }) => {
        connection.requests.send(call(1, ['echo']));
        await replies.first(1);
        connection.requests.send(call(2, ['truncate']));
        expect((await replies.ended)?.code).toBe('protocol');
        expect(replies.frames.map(({ callId }) => callId)).toEqual([1]);
        await nextTurn();
        expect(replies.ends).toBe(1);
      }),
    );

    it(
      'keeps Node alive only when told to',
      connected(async ({ connection, replies, holdsHandles }) => {
        connection.requests.send(call(1, ['echo']));
        await replies.first(1);
        const atRest = handles();
        connection.keepAlive(true);
        expect(handles() > atRest).toBe(holdsHandles);
        connection.keepAlive(false);
        expect(handles()).toBe(atRest);
      }),
    );
  });
}

interface ConnectionUnderTest {
  readonly connection: Connection;
  readonly replies: Recorder;
  readonly control: Recorder;
  readonly holdsHandles: boolean;
}

function codeThrownBy(body: () => void): string | undefined {
  try {
    body();
    return undefined;
  } catch (error) {
    return isPypoolError(error) ? error.code : String(error);
  }
}

/** Streams that currently keep this process alive. */
function handles(): number {
  return process.getActiveResourcesInfo().filter((type) => /Pipe|TCP|TLS/.test(type)).length;
}

/** Long enough for every callback that is already due, and their nextTicks, to run. */
async function nextTurn(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
