import type { Duplex } from 'node:stream';
import { FrameType, type Frame } from '@pypool/protocol';
import type { RuntimeSide } from '../memory/memory-transport.js';

/** Call id of the last reply: what a conformance peer sends when it has read the requests to their end. */
export const END_OF_REQUESTS_ID = 1_000_000_000;

/**
 * The far end that `transportConformance()` talks to, over a connection in memory. Peers in other processes speak the same:
 *
 * - CALL `["echo", ...]`: RESULT with the envelope, flags and buffers of the call.
 * - CALL `["reads"]`: RESULT with the number of reads from the requests channel so far.
 * - CALL `["hold"]`: RESULT `null`; then read no requests until a PING comes.
 * - CALL `["garbage"]`: write 64 bytes of 0xff to replies.
 * - CALL `["truncate"]`: write the first half of a RESULT to replies and end it there.
 * - PING: PONG with the same envelope.
 * - the end of requests: RESULT with call id {@link END_OF_REQUESTS_ID}, then the end of replies and control.
 */
export function serveConformancePeer(runtime: RuntimeSide): void {
  const { requests, replies } = runtime.streams;
  let reads = 0;
  requests.on('data', () => reads++);
  runtime.listen({
    requests: {
      onFrame(frame) {
        const [command] = JSON.parse(frame.envelope) as [string];
        if (command === 'hold') {
          runtime.replies.send(result(frame.callId, 'null'));
          requests.pause();
        } else if (command === 'garbage') replies.write(Buffer.alloc(64, 0xff));
        else if (command === 'truncate') truncate(replies);
        else if (command === 'reads') runtime.replies.send(resultOf(frame, `${reads}`));
        else runtime.replies.send(resultOf(frame));
      },
      onEnd() {
        runtime.replies.send(result(END_OF_REQUESTS_ID, 'null'));
        runtime.replies.end();
        runtime.control.end();
      },
    },
    control: {
      onFrame(frame) {
        requests.resume();
        runtime.control.send({ ...frame, type: FrameType.PONG });
      },
      onEnd() {
        // The requests end as well, and what is to be said then is said there.
      },
    },
  });
}

function truncate(replies: Duplex): void {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(100, 0);
  header[4] = FrameType.RESULT;
  header.writeBigUInt64LE(1n, 8);
  replies.end(Buffer.concat([header, Buffer.from('"half')]));
}

function result(callId: number, envelope: string): Frame {
  return { type: FrameType.RESULT, tagged: false, callId, envelope, buffers: [] };
}

function resultOf(call: Frame, envelope?: string): Frame {
  return envelope === undefined ? { ...call, type: FrameType.RESULT } : result(call.callId, envelope);
}
