import type { ExposedFunction, Welcome } from '@pypool/protocol';

/** How calls of a worker's functions are ended before their time. */
export class CancelModes {
  readonly #engine: Welcome['engine'];
  /** Functions whose calls are not to be interrupted. */
  readonly #unusual = new Map<string, ExposedFunction['cancel']>();
  readonly #async = new Set<string>();
  #usual: ExposedFunction['cancel'] = 'kill';

  constructor(engine: Welcome['engine']) {
    this.#engine = engine;
  }

  /** What READY said of the functions, and HELLO of whether it can interrupt them. */
  describe(functions: readonly ExposedFunction[], canInterrupt: boolean): void {
    if (canInterrupt) this.#usual = 'interrupt';
    for (const { name, cancel, async: isAsync } of functions) {
      if (canInterrupt && cancel !== 'interrupt') this.#unusual.set(name, cancel);
      if (isAsync) this.#async.add(name);
    }
  }

  of(name: string): ExposedFunction['cancel'] {
    return this.#unusual.get(name) ?? this.#usual;
  }

  /**
   * Whether an interrupt wears the process, since it raises an exception wherever the code of the call is. Nothing is raised in threads; and where a task
   * is cancelled beside others, its code chose the places itself. (One that blocks the loop is the exception, and rare.)
   */
  wears(name: string): boolean {
    return this.#engine === 'sync' || (this.#engine === 'async' && !this.#async.has(name));
  }
}
