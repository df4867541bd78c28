/** So long a worker may take to answer before others are asked: one whose C code holds the GIL hears nothing meanwhile. */
const LONGEST_MS = 5_000;

/** One that waits for its turn, or has it. */
interface Turn {
  readonly begin: () => void;
}

/**
 * Has the workers of one source make their segments one after another.
 *
 * Each sees for itself whether there is memory enough, and takes at most half of it. Several that looked in one moment would take the same half; what one
 * has made is gone from what the next one sees.
 */
export class MapTurns {
  readonly #waiting = new Set<Turn>();
  #current: Turn | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Call `begin` when nobody before is at it: in this very call where nobody is. @returns what ends the turn, begun or not; idempotent */
  take(begin: () => void): () => void {
    const turn: Turn = { begin };
    this.#waiting.add(turn);
    if (this.#current === undefined) this.#next();
    return () => {
      this.#waiting.delete(turn);
      if (this.#current === turn) this.#next();
    };
  }

  #next(): void {
    clearTimeout(this.#timer);
    const [turn] = this.#waiting;
    this.#current = turn;
    if (turn === undefined) return;
    this.#waiting.delete(turn);
    this.#timer = setTimeout(() => this.#next(), LONGEST_MS).unref();
    turn.begin();
  }
}
