import { LONGEST_TIMER_MS } from '../longest-timer.js';

/** Keeps Node alive while at least one thing is open. One timer, made at first need: `ref` and `unref` cost nanoseconds. */
export class KeepAlive {
  #open = 0;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  take(): void {
    this.#open += 1;
    if (this.#open > 1 || this.#ended) return;
    this.#timer ??= setInterval(() => undefined, LONGEST_TIMER_MS);
    this.#timer.ref();
  }

  release(): void {
    this.#open -= 1;
    if (this.#open === 0 && !this.#ended) this.#timer?.unref();
  }

  /** Nothing will be open any more. */
  end(): void {
    this.#ended = true;
    clearInterval(this.#timer);
  }
}
