import { isStartTimeout } from '../life/start-timeout.js';
import { orAborted } from '../launcher/connect.js';
import type { ImportProgress } from '../launcher/contract.js';
import { closed } from './fork-server-errors.js';
import type { ForkServerProcess } from './fork-server-process.js';
import type { ImportReport } from './fork-server-messages.js';

/** What an import came to: `report` is `undefined` where the process ended before it was through. */
export interface ImportResult {
  readonly server: ForkServerProcess;
  readonly report: ImportReport | undefined;
}

/** One import of the modules, by one fork server, for all starts that wait for it. */
export class SharedImport {
  readonly #close = new AbortController();
  readonly #starting: Promise<ForkServerProcess>;
  readonly #result: Promise<ImportResult>;
  #server: ForkServerProcess | undefined;
  #waiting = 0;
  #isOver = false;
  #hasServed = false;
  #isGivenUp = false;
  #isTaken = false;

  /** @param start - leaves nothing where it rejects, as it has to when its signal aborts */
  constructor(start: (signal: AbortSignal) => Promise<ForkServerProcess>) {
    this.#starting = start(this.#close.signal);
    this.#result = this.#starting.then((server) => this.#watch(server));
    this.#result.catch(() => undefined); // whoever waits hears of it
  }

  /** It was ended for the sake of a start that waited for it; others that did may wait for another. */
  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** Its process has imported the modules, or tried to, and can be asked for workers. */
  get hasServed(): boolean {
    return this.#hasServed;
  }

  get progress(): ImportProgress | undefined {
    return this.#server?.progress;
  }

  /**
   * Wait for it. It is given up where nobody waits any more, and where a start that did has run out of time: it hangs, as far as anybody can tell.
   *
   * @throws the signal's reason; what kept the fork server from starting
   */
  async wait(signal: AbortSignal): Promise<ImportResult> {
    this.#waiting += 1;
    try {
      return await orAborted(this.#result, signal);
    } catch (error) {
      if (signal.aborted && (this.#waiting === 1 || isStartTimeout(signal.reason))) await this.giveUp();
      throw error;
    } finally {
      this.#waiting -= 1;
    }
  }

  /** The process itself can be had once, for one worker. */
  take(): boolean {
    const isFirst = !this.#isTaken;
    this.#isTaken = true;
    return isFirst;
  }

  /** End it while it is under way. */
  async giveUp(): Promise<void> {
    if (this.#isOver) return;
    this.#isGivenUp = true;
    await this.close();
  }

  /** It serves no more: a newer one does. */
  retire(): void {
    void this.#result.then(({ server }) => server.retire()).catch(() => undefined);
  }

  /** End its fork server, whatever that does. Never rejects. */
  async close(): Promise<void> {
    this.#close.abort(closed());
    const server = await this.#starting.catch(() => undefined);
    await server?.close();
  }

  async #watch(server: ForkServerProcess): Promise<ImportResult> {
    this.#server = server;
    const report = await server.imported;
    this.#isOver = true;
    this.#hasServed = report !== undefined;
    return { server, report };
  }
}
