import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { LineBuilder, type OutputLine } from './line-builder.js';
import { MarkScanner } from './mark-scanner.js';

/** How {@link readLines} reads. */
export interface LineReading {
  /** A longer line is cut into several. */
  readonly maxLineBytes: number;
  /** What the runtime makes its marks with. */
  readonly token: string;
  readonly onLine: (line: OutputLine) => void;
}

/**
 * Read a stream as lines, in memory bounded by the longest line allowed, for as long as it lasts: a process that prints is never held up
 * by nobody reading.
 *
 * @returns resolves when the stream has ended, whatever ended it.
 */
export function readLines(stream: Readable, { maxLineBytes, token, onLine }: LineReading): Promise<void> {
  const decoder = new StringDecoder('utf8');
  const own = new LineBuilder(maxLineBytes, onLine);
  // What forked children print has lines of its own, or it would tear those of the worker.
  const aside = new LineBuilder(maxLineBytes, onLine);
  let lines = own;
  const scanner = new MarkScanner(token, {
    onText: (text) => lines.push(text),
    onMark: (mark) => {
      lines = mark === 'aside' ? aside : own;
      if (typeof mark === 'object') own.turn(mark);
    },
  });
  return new Promise((resolve) => {
    stream.on('data', (chunk: Buffer) => scanner.push(decoder.write(chunk)));
    // The end of a pipe whose process is gone may come as an error; either way nothing follows.
    stream.on('error', () => undefined);
    stream.once('close', () => {
      scanner.push(decoder.end());
      scanner.end();
      own.end();
      aside.end();
      resolve();
    });
  });
}
