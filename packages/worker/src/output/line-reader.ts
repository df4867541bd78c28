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

  /** Emit what is too long of a line, and give back the rest of it. */
  const cut = (text: string): string => {
    let from = 0;
    while (text.length - from > maxLineBytes) {
      const end = from + maxLineBytes - (isPairAt(text, from + maxLineBytes - 1) ? 1 : 0);
      emit(text.slice(from, end), true);
      from = end;
    }
    return text.slice(from);
  };
  const read = (text: string): void => {
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      const line = cut(rest + text.slice(start, end));
      emit(line.endsWith('\r') ? line.slice(0, -1) : line, false);
      rest = '';
      start = end + 1;
    }
    rest = cut(rest + text.slice(start));
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

/** Whether the two units from here on are one character. */
function isPairAt(text: string, at: number): boolean {
  return text.charCodeAt(at) >= 0xd800 && text.charCodeAt(at) <= 0xdbff;
}
