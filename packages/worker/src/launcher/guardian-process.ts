import type { Readable } from 'node:stream';
import { createError, type PypoolError } from '@pypool/protocol';
import { TOO_OLD_EXIT_CODE } from './bootstrap.js';
import type { ProcessExit } from './contract.js';
import { spawnProcess, type ProcessCommand, type SpawnedProcess } from './spawn-process.js';

/** How much of the guardian's last words an error quotes. */
const STDERR_CHARACTERS = 2000;

/** How long the guardian has to leave once its input has ended; it only has to make one system call a worker. */
const CLOSE_MS = 5000;

/** One guardian from its start to its exit: `python/pypool/guardian.py`, seen from Node. */
export class GuardianProcess {
  readonly #process: SpawnedProcess;
  readonly #python: string;
  /** Who waits for which line. */
  readonly #awaited = new Map<string, { resolve(): void; reject(error: PypoolError): void }>();
  #partial = '';
  #stderr = '';
  #exit: ProcessExit | undefined;

  private constructor(process: SpawnedProcess, python: string) {
    this.#python = python;
    this.#process = process;
    process.stdout.on('data', (chunk: Buffer) => this.#read(chunk.toString('latin1')));
    process.stderr.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-STDERR_CHARACTERS);
    });
    // EPIPE: its exit is what counts, and that is told by `exited`.
    process.stdin?.on('error', () => undefined);
    void this.#watch(process.stderr);
  }

  /**
   * Start one and wait until it guards.
   *
   * @param sockets - see {@link clearAway}; told at once
   * @param signal - gives it up: an interpreter that hangs never guards, and never ends by itself
   * @throws PypoolError `start-failed`.
   */
  static async start(
    command: Omit<ProcessCommand, 'stdin' | 'pipes'>,
    sockets: Iterable<string>,
    signal: AbortSignal,
  ): Promise<GuardianProcess> {
    const guardian = new GuardianProcess(
      await spawnProcess({ ...command, stdin: true, pipes: 0 }),
      command.file,
    );
    for (const path of sockets) guardian.clearAway(path);
    const giveUp = (): void => guardian.#process.signal('SIGKILL');
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    try {
      await guardian.#line('ready');
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
    return guardian;
  }

  get pid(): number {
    return this.#process.pid;
  }

  get exited(): Promise<ProcessExit> {
    return this.#process.exited;
  }

  /**
   * Resolves when the guardian knows the group. The line is with the kernel when this returns: it arrives even if Node dies now.
   *
   * @throws PypoolError `start-failed` where the guardian exits first.
   */
  register(pgid: number): Promise<void> {
    const known = this.#line(`+${pgid}`);
    this.#process.stdin?.write(`+${pgid}\n`);
    return known;
  }

  unregister(pgid: number): void {
    this.#process.stdin?.write(`-${pgid}\n`);
  }

  /** Have a socket removed, with its folder, when Node dies. */
  clearAway(socketPath: string): void {
    this.#process.stdin?.write(`>${Buffer.from(socketPath).toString('hex')}\n`);
  }

  /** Let it go: what is still registered is killed; sockets are left to whoever made them. */
  async close(): Promise<void> {
    this.#process.stdin?.write('<\n');
    this.#process.stdin?.end();
    const impatience = setTimeout(() => this.#process.signal('SIGKILL'), CLOSE_MS);
    await this.exited;
    clearTimeout(impatience);
  }

  #line(line: string): Promise<void> {
    if (this.#exit !== undefined) return Promise.reject(this.#lost(this.#exit));
    return new Promise((resolve, reject) => this.#awaited.set(line, { resolve, reject }));
  }

  #read(text: string): void {
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop() ?? '';
    for (const line of lines) {
      this.#awaited.get(line)?.resolve();
      this.#awaited.delete(line);
    }
  }

  async #watch(stderr: Readable): Promise<void> {
    const ended = new Promise((resolve) => stderr.once('close', resolve));
    const exit = await this.exited;
    // What it said last explains the exit, and may arrive after it.
    await ended;
    this.#exit = exit;
    for (const waiter of this.#awaited.values()) waiter.reject(this.#lost(exit));
    this.#awaited.clear();
  }

  #lost({ exitCode, signal }: ProcessExit): PypoolError {
    const said = this.#stderr.trim();
    const context = { python: this.#python, exitCode: exitCode ?? null, signal: signal ?? null };
    if (exitCode === TOO_OLD_EXIT_CODE) {
      // It is the first that this interpreter was to run; that it is the guardian is of no interest to whoever has to choose another.
      return createError({ code: 'start-failed', message: said, retryable: false, context });
    }
    const how = signal ?? `exit code ${exitCode}`;
    return createError({
      code: 'start-failed',
      message: `The guardian (${this.#python}), without which no worker starts, ended with ${how}${said === '' ? '' : `: ${said}`}`,
      context,
    });
  }
}
