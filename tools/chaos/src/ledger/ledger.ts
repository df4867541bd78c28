import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How often each call began and ended in a worker, as the workers wrote it down themselves. */
export interface Ledger {
  /** Runs of call `seq` that began; at most 255 are told apart. */
  starts(seq: number): number;
  ends(seq: number): number;
  /** Lines that are none. */
  readonly unreadable: readonly string[];
  /** The largest number of a call that occurs. */
  readonly largest: number;
}

/** The file that workers append to. It has no name any more once it is open, so that nothing is left of it however the lab ends. */
export class LedgerFile {
  readonly #descriptor: number;
  /** What workers open. */
  readonly path: string;

  constructor() {
    const folder = mkdtempSync(join(tmpdir(), 'pypool-chaos-'));
    try {
      this.#descriptor = openSync(join(folder, 'ledger'), 'ax+');
    } finally {
      rmSync(folder, { recursive: true });
    }
    this.path = `/proc/${process.pid}/fd/${this.#descriptor}`;
  }

  /** Read what was written so far. */
  read(): Ledger {
    const reader = new LedgerReader();
    const chunk = Buffer.alloc(1 << 20);
    const { size } = fstatSync(this.#descriptor);
    for (let at = 0; at < size;) {
      const length = readSync(this.#descriptor, chunk, 0, Math.min(chunk.length, size - at), at);
      reader.read(chunk.subarray(0, length));
      at += length;
    }
    return reader.end();
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** Counts lines, whatever pieces they come in. A million calls are two bytes each. */
export class LedgerReader {
  #starts = new Uint8Array(1 << 16);
  #ends = new Uint8Array(1 << 16);
  #largest = 0;
  #partial = '';
  readonly #unreadable: string[] = [];

  read(bytes: Uint8Array): void {
    const lines = (this.#partial + Buffer.from(bytes).toString('latin1')).split('\n');
    this.#partial = lines.pop() ?? '';
    for (const line of lines) this.#count(line);
  }

  end(): Ledger {
    if (this.#partial !== '') this.#unreadable.push(this.#partial);
    const [starts, ends] = [this.#starts, this.#ends];
    return {
      starts: (seq) => starts[seq] ?? 0,
      ends: (seq) => ends[seq] ?? 0,
      unreadable: this.#unreadable,
      largest: this.#largest,
    };
  }

  #count(line: string): void {
    const [, kind, number] = /^([SE])(\d+) \d+$/.exec(line) ?? [];
    if (number === undefined) {
      this.#unreadable.push(line);
      return;
    }
    const seq = Number(number);
    this.#largest = Math.max(this.#largest, seq);
    for (; seq >= this.#starts.length; this.#grow());
    const counts = kind === 'S' ? this.#starts : this.#ends;
    counts[seq] = Math.min(255, counts[seq]! + 1);
  }

  #grow(): void {
    this.#starts = doubled(this.#starts);
    this.#ends = doubled(this.#ends);
  }
}

/** The same numbers with as much room again. */
export function doubled(values: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(values.length * 2);
  larger.set(values);
  return larger;
}
