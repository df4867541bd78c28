import { NO_CALL, type OutputCall } from './output-call.js';
import { printable } from './printable.js';

/** One line that a worker printed, and the call that printed it. */
export interface OutputLine extends OutputCall {
  /** Without its line end and without control sequences; bytes that are no UTF-8 show as U+FFFD. */
  readonly line: string;
  /** It was longer than `maxLineBytes` and goes on in the next. */
  readonly truncated: boolean;
}

/** Makes lines of text that comes in pieces, in memory bounded by the longest line allowed. */
export class LineBuilder {
  readonly #maxLineBytes: number;
  readonly #onLine: (line: OutputLine) => void;
  #call = NO_CALL;
  #rest = '';

  /** @param maxLineBytes a longer line is cut into several. Counted in UTF-16 units, of which no character of UTF-8 makes more than its bytes. */
  constructor(maxLineBytes: number, onLine: (line: OutputLine) => void) {
    this.#maxLineBytes = maxLineBytes;
    this.#onLine = onLine;
  }

  push(text: string): void {
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      const line = this.#cut(this.#rest + text.slice(start, end));
      this.#emit(line.endsWith('\r') ? line.slice(0, -1) : line, false);
      this.#rest = '';
      start = end + 1;
    }
    this.#rest = this.#cut(this.#rest + text.slice(start));
  }

  /** What follows is of this call. A line that another has begun ends here: no line is of two calls. */
  turn(call: OutputCall): void {
    if (call.callId !== this.#call.callId) this.end();
    this.#call = call;
  }

  /** What there is of a line is one. */
  end(): void {
    if (this.#rest !== '') this.#emit(this.#rest, false);
    this.#rest = '';
  }

  /** Emit what is too long of a line, and give back the rest of it. */
  #cut(text: string): string {
    let from = 0;
    while (text.length - from > this.#maxLineBytes) {
      const end = from + this.#maxLineBytes - (isPairAt(text, from + this.#maxLineBytes - 1) ? 1 : 0);
      this.#emit(text.slice(from, end), true);
      from = end;
    }
    return text.slice(from);
  }

  #emit(text: string, truncated: boolean): void {
    const { callId, function: name, sessionId } = this.#call;
    this.#onLine({ line: printable(text), truncated, callId, function: name, sessionId });
  }
}

/** Whether the two units from here on are one character. */
function isPairAt(text: string, at: number): boolean {
  return text.charCodeAt(at) >= 0xd800 && text.charCodeAt(at) <= 0xdbff;
}
