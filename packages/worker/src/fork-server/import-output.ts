import { randomUUID } from 'node:crypto';
import { PassThrough, type Readable } from 'node:stream';
import { FatalStack } from '../output/fatal-stack.js';
import type { OutputLine } from '../output/line-builder.js';
import { readLines } from '../output/line-reader.js';
import { Tail } from '../output/tail.js';

const MAX_LINE_BYTES = 16_384;

/** What a fork server prints, which is what the modules print that it imports. */
export class ImportOutput {
  /** Resolves when there is no more. */
  readonly ended: Promise<unknown>;
  readonly #tail = new Tail();
  readonly #crash = new FatalStack();
  readonly #streams: readonly { readonly from: Readable; readonly to: PassThrough }[];
  #isHandedOver = false;

  constructor(
    stdout: Readable,
    stderr: Readable,
    onLine: (stream: 'stdout' | 'stderr', line: OutputLine) => void,
  ) {
    this.#streams = [stdout, stderr].map((from) => ({ from, to: from.pipe(new PassThrough()) }));
    const [out, err] = this.#streams.map(({ to }) => to) as [PassThrough, PassThrough];
    // Nothing is marked yet, so that no mark is known.
    const reading = { maxLineBytes: MAX_LINE_BYTES, token: randomUUID() };
    this.ended = Promise.all([
      readLines(out, { ...reading, onLine: (line) => onLine('stdout', line) }),
      readLines(err, {
        ...reading,
        onLine: (line) => {
          this.#tail.push(line.line);
          this.#crash.push(line.line);
          onLine('stderr', line);
        },
      }),
    ]);
  }

  /** The last lines on stderr. */
  get stderr(): readonly string[] {
    return [...this.#tail.lines];
  }

  /** Where in Python C code crashed. */
  get pythonStack(): readonly string[] {
    return this.#crash.frames;
  }

  /** Read no more: what the process has left behind may hold it open for as long as it likes. Idempotent. */
  close(): void {
    if (this.#isHandedOver) return;
    for (const { from, to } of this.#streams) {
      from.destroy();
      to.destroy();
    }
  }

  /** What follows is somebody else's to read. @returns stdout and stderr from here on */
  handOver(): readonly [Readable, Readable] {
    this.#isHandedOver = true;
    const rest = this.#streams.map(({ from, to }) => {
      from.unpipe(to);
      to.end();
      // Whoever has it closes it, and with it what it comes from.
      return from.pipe(new PassThrough()).once('close', () => from.destroy());
    });
    return rest as [PassThrough, PassThrough];
  }
}
