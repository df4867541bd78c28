import type { Outcome } from '@pypool/protocol';
import { doubled } from '../ledger/ledger.js';

/** What became of a call: nothing yet, a result, its consumer left the stream, or an error of that outcome. */
export type Verdict = 'open' | 'result' | 'left' | Outcome;

const VERDICTS: readonly Verdict[] = ['open', 'result', 'left', 'not-started', 'unknown', 'finished'];

/** Who hears what callers see. */
export interface CallLog {
  /** A call is about to be made; what comes back is its number. */
  begin(kind: string, options?: { readonly idempotent?: boolean }): number;
  /** Its promise, or the loop over its items, came to an end. `code` says by which error; `detail` is the Python exception's type. */
  settle(seq: number, verdict: Exclude<Verdict, 'open'>, code?: string, detail?: string): void;
  /** Something came back that is not this call's. */
  foreign(seq: number, what: string): void;
}

/**
 * What callers saw, a few bytes a call: a million of them are to be judged, and the lab must not become the load.
 *
 * Numbers count up from 1.
 */
export class CallRecords implements CallLog {
  #kinds = new Uint8Array(1 << 16);
  #verdicts = new Uint8Array(1 << 16);
  #settled = new Uint8Array(1 << 16);
  #idempotent = new Uint8Array(1 << 16);
  #codes = new Uint8Array(1 << 16);
  readonly #kindNames: string[] = [];
  readonly #codeNames: string[] = [''];
  /** Results that were another call's. */
  readonly foreigners: { readonly seq: number; readonly what: string }[] = [];
  /** Calls that were made. */
  made = 0;
  /** Calls that have no answer yet. */
  open = 0;

  begin(kind: string, { idempotent = false } = {}): number {
    const seq = ++this.made;
    this.open += 1;
    if (seq >= this.#kinds.length) this.#grow();
    this.#kinds[seq] = indexOf(this.#kindNames, kind);
    this.#idempotent[seq] = Number(idempotent);
    return seq;
  }

  settle(seq: number, verdict: Exclude<Verdict, 'open'>, code = '', detail = ''): void {
    this.#settled[seq] = Math.min(255, this.#settled[seq]! + 1);
    if (this.#settled[seq] === 1) this.open -= 1;
    this.#verdicts[seq] = VERDICTS.indexOf(verdict);
    this.#codes[seq] = indexOf(this.#codeNames, detail === '' ? code : `${code} ${detail}`);
  }

  foreign(seq: number, what: string): void {
    this.foreigners.push({ seq, what });
  }

  kind(seq: number): string {
    return this.#kindNames[this.#kinds[seq]!] ?? '';
  }

  verdict(seq: number): Verdict {
    return VERDICTS[this.#verdicts[seq]!] ?? 'open';
  }

  /** The code of its error, with the exception's type where that is Python's; empty where there is none. */
  code(seq: number): string {
    return this.#codeNames[this.#codes[seq]!] ?? '';
  }

  timesSettled(seq: number): number {
    return this.#settled[seq] ?? 0;
  }

  isIdempotent(seq: number): boolean {
    return this.#idempotent[seq] === 1;
  }

  /** For messages. */
  describe(seq: number): string {
    const code = this.code(seq);
    return `call ${seq} (${this.kind(seq)}): ${this.verdict(seq)}${code === '' ? '' : `, ${code}`}`;
  }

  /** How many calls came to each end, and by which code. */
  tally(): ReadonlyMap<Verdict, ReadonlyMap<string, number>> {
    const tally = new Map<Verdict, Map<string, number>>();
    for (let seq = 1; seq <= this.made; seq += 1) {
      const codes = tally.get(this.verdict(seq)) ?? new Map<string, number>();
      tally.set(this.verdict(seq), codes.set(this.code(seq), (codes.get(this.code(seq)) ?? 0) + 1));
    }
    return tally;
  }

  #grow(): void {
    this.#kinds = doubled(this.#kinds);
    this.#verdicts = doubled(this.#verdicts);
    this.#settled = doubled(this.#settled);
    this.#idempotent = doubled(this.#idempotent);
    this.#codes = doubled(this.#codes);
  }
}

/** Where a name is in a list, which gets it if it is new. */
function indexOf(names: string[], name: string): number {
  const known = names.indexOf(name);
  return known >= 0 ? known : names.push(name) - 1;
}
