import type { Readable } from 'node:stream';

/** Some inputs to judge, or to explain. */
export interface Request {
  readonly explain: boolean;
  readonly inputs: readonly Uint8Array[];
}

/** As bytes: the length of what follows, then 1 to explain, then each input behind its length. */
export function writeRequest({ explain, inputs }: Request): Buffer {
  const bytes = Buffer.alloc(inputs.reduce((sum, { length }) => sum + 4 + length, 5));
  bytes.writeUInt32LE(bytes.length - 4, 0);
  bytes[4] = Number(explain);
  let at = 5;
  for (const input of inputs) {
    at = bytes.writeUInt32LE(input.length, at);
    bytes.set(input, at);
    at += input.length;
  }
  return bytes;
}

/** The requests that come in, in order, until the end. */
export async function* readRequests(stream: Readable): AsyncGenerator<Request> {
  let held = Buffer.alloc(0);
  for await (const chunk of stream) {
    held = Buffer.concat([held, chunk as Buffer]);
    while (held.length >= 4 && held.length >= 4 + held.readUInt32LE(0)) {
      const end = 4 + held.readUInt32LE(0);
      yield readRequest(held.subarray(4, end));
      held = held.subarray(end);
    }
  }
}

function readRequest(bytes: Buffer): Request {
  const inputs: Uint8Array[] = [];
  for (let at = 1; at < bytes.length;) {
    const length = bytes.readUInt32LE(at);
    inputs.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return { explain: bytes[0] === 1, inputs };
}
