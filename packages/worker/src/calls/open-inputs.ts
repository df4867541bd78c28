import { encodeMessage, FrameType, type CallInputs, type InputEnd } from '@pypool/protocol';
import { CallInput } from './call-input.js';
import { creditBytesOf } from './credit-bytes.js';
import { ownBuffers } from './own-buffers.js';
import type { CallRunnerParts } from './parts.js';

/** The inputs of a call, which are sent as its handler reads them. */
export function openInputs(
  { sources }: CallInputs,
  callId: number,
  { codec, connection }: Pick<CallRunnerParts, 'codec' | 'connection'>,
): CallInput[] {
  return sources.map(
    (source, input) =>
      new CallInput({
        source,
        send: (item) => {
          const { text, tagged, buffers } = codec.encodeAll([input, item], ['input', 'item']);
          // The call may end, and its caller change or transfer what it handed out, while this waits on control.
          const frame = {
            type: FrameType.INPUT,
            tagged,
            callId,
            envelope: text,
            buffers: ownBuffers(buffers),
          };
          connection.control.send(frame);
          return creditBytesOf(frame);
        },
        end(error) {
          const say = (what: InputEnd['error']): void =>
            connection.control.send(encodeMessage(FrameType.INPUT_END, { input, error: what }, callId));
          try {
            say(error);
          } catch (tooLarge) {
            // Its message is over the limit, and its handler waits for the end.
            say({ name: error?.name.slice(0, 100) ?? '', message: (tooLarge as Error).message });
          }
        },
      }),
  );
}
