import { createError } from '../errors/create-error.js';
import { protocolError } from '../errors/protocol-error.js';

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Read UTF-8 from `start` to `end`; malformed bytes are a `protocol` error. */
export function decodeText(bytes: Buffer, start: number, end: number): string {
  let text: string;
  try {
    text = bytes.toString('utf8', start, end);
  } catch (cause) {
    // V8 has a limit of its own on strings, about 512 MiB.
    throw createError({
      code: 'frame-too-large',
      message: `An envelope of ${end - start} bytes is over what this JavaScript engine can hold in one string.`,
      outcome: 'unknown',
      context: { bytes: end - start },
      cause,
    });
  }
  // Buffer writes U+FFFD for what is malformed. It may also stand there honestly: only then is a second, strict pass needed.
  if (text.includes('\uFFFD')) assertUtf8(bytes.subarray(start, end));
  return text;
}

function assertUtf8(bytes: Uint8Array): void {
  try {
    strict.decode(bytes);
  } catch (cause) {
    throw protocolError('the envelope is not UTF-8', undefined, cause);
  }
}
