/** Shows how far a job is: a bar that redraws itself on a terminal, a plain line for each quarter elsewhere. */
export class Progress {
  readonly #label: string;
  readonly #all: number;
  readonly #out: NodeJS.WriteStream;
  #done = 0;
  #shownQuarters = 0;

  constructor(label: string, all: number, out: NodeJS.WriteStream = process.stdout) {
    this.#label = label;
    this.#all = all;
    this.#out = out;
  }

  /** One more is done. */
  step(): void {
    this.#done += 1;
    if (this.#out.isTTY) this.#draw();
    else this.#say();
  }

  /** Print a line above the bar. */
  note(line: string): void {
    this.#out.write(this.#out.isTTY ? `\r\x1b[K${line}\n` : `${line}\n`);
    if (this.#out.isTTY) this.#draw();
  }

  /** The job is over: leave the bar as it stands. */
  end(): void {
    if (this.#out.isTTY) this.#out.write('\n');
  }

  #draw(): void {
    const width = Math.min(40, Math.max(10, (this.#out.columns ?? 80) - 40));
    const filled = Math.round((this.#done / this.#all) * width);
    const bar = '█'.repeat(filled) + '░'.repeat(width - filled);
    this.#out.write(`\r\x1b[K${this.#label} ${bar} ${this.#done}/${this.#all}`);
  }

  #say(): void {
    const quarters = Math.floor((4 * this.#done) / this.#all);
    if (quarters === this.#shownQuarters) return;
    this.#shownQuarters = quarters;
    this.#out.write(`${this.#label}: ${this.#done} of ${this.#all}\n`);
  }
}
