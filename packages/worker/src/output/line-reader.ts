import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { printable } from './printable.js';

/** One line that a worker printed. */
export interface OutputLine {
  /** Without its line end and without control sequences; bytes that are no UTF-8 show as U+FFFD. */
  readonly line: string;
  /** It was longer than `maxLineBytes` and goes on in the next. */
  readonly truncated: boolean;
}

/**
 * Read a stream as lines, in memory bounded by the longest line allowed, for as long as it lasts: a process that prints is never held up
 * by nobody reading.
 *
 * @param maxLineBytes - a longer line is cut into several. Counted in UTF-16 units, of which no character of UTF-8 makes more than its bytes.
 * @returns resolves when the stream has ended, whatever ended it.
 */
export function readLines(
  stream: Readable,
  maxLineBytes: number,
  onLine: (line: OutputLine) => void,
): Promise<void> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const emit = (text: string, truncated: boolean): void => onLine({ line: printable(text), truncated });

  const read = (text: string): void => {
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      finish(rest + text.slice(start, end));
      rest = '';
      start = end + 1;
    }
    rest += text.slice(start);
    while (rest.length > maxLineBytes) {
      emit(rest.slice(0, maxLineBytes), true);
      rest = rest.slice(maxLineBytes);
    }
  };
  const finish = (text: string): void => {
    let from = 0;
    for (; text.length - from > maxLineBytes; from += maxLineBytes)
      emit(text.slice(from, from + maxLineBytes), true);
    emit(text.endsWith('\r') ? text.slice(from, -1) : text.slice(from), false);
  };

  return new Promise((resolve) => {
    stream.on('data', (chunk: Buffer) => read(decoder.write(chunk)));
    // The end of a pipe whose process is gone may come as an error; either way nothing follows.
    stream.on('error', () => undefined);
    stream.once('close', () => {
      read(decoder.end());
      if (rest !== '') emit(rest, false);
      rest = '';
      resolve();
    });
  });
}
