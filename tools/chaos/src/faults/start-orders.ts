import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the start of a worker is to do. */
export type StartOrder = 'hang' | 'raise';

/** As `python/handlers.py` reads them. */
const NUMBERS: Readonly<Record<StartOrder, number>> = { hang: 1, raise: 2 };

/** How long the file is: the order, and how many starts took each. */
const BYTES = 1 + Object.keys(NUMBERS).length;

/**
 * The order for the next worker that starts, in a file from which that worker takes it: whoever starts it, and whatever it was forked from. Like the
 * ledger it has no name once it is open.
 */
export class StartOrders {
  readonly #descriptor: number;
  /** What workers open. */
  readonly path: string;

  constructor() {
    const folder = mkdtempSync(join(tmpdir(), 'pypool-chaos-'));
    try {
      this.#descriptor = openSync(join(folder, 'orders'), 'wx+');
    } finally {
      rmSync(folder, { recursive: true });
    }
    writeSync(this.#descriptor, new Uint8Array(BYTES), 0, BYTES, 0);
    this.path = `/proc/${process.pid}/fd/${this.#descriptor}`;
  }

  /** It is for one start. */
  give(order: StartOrder): void {
    this.#write(NUMBERS[order]);
  }

  /** Where no worker has taken it yet. */
  withdraw(): void {
    this.#write(0);
  }

  /** Starts that have taken this order; at most 255 are told apart. */
  taken(order: StartOrder): number {
    const bytes = new Uint8Array(BYTES);
    readSync(this.#descriptor, bytes, 0, BYTES, 0);
    return bytes[NUMBERS[order]]!;
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #write(order: number): void {
    writeSync(this.#descriptor, Uint8Array.of(order), 0, 1, 0);
  }
}
