import { createError } from '@pypool/protocol';
import { guardianArgs } from './bootstrap.js';
import type { ProcessExit } from './contract.js';
import { GuardianProcess } from './guardian-process.js';

/** What {@link Guardian} needs. */
export interface GuardianOptions {
  readonly python: string;
  /** Path of `guardian.py`. */
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
  /** Called when a guardian ended that should not have. */
  readonly onLoss: ((loss: GuardianLoss) => void) | undefined;
}

/** A guardian that ended while it was needed. */
export interface GuardianLoss {
  readonly exit: ProcessExit;
  /** How many process groups it guarded. */
  readonly groups: number;
  /**
   * Whether another one is started at once. Otherwise the next launch tries; until then the workers are left to their second net:
   * the end of control and the parent-death signal.
   */
  readonly replaced: boolean;
}

/** Guardians that are replaced at once, within {@link LOSS_WINDOW_MS}. More than these are being killed on purpose, or cannot live. */
const MAX_REPLACEMENTS = 5;
const LOSS_WINDOW_MS = 60_000;

/**
 * Node's side of the guardian: the process that ends every worker, and whatever the workers started, when Node dies in whatever way.
 *
 * It keeps the list of groups, so that a guardian that dies is replaced by one that knows them all.
 */
export class Guardian {
  readonly #options: GuardianOptions;
  readonly #groups = new Set<number>();
  readonly #sockets = new Set<string>();
  /** The current guardian, from the moment it is being started. */
  #starting: Promise<void> | undefined;
  #running: GuardianProcess | undefined;
  #losses: number[] = [];
  readonly #givenUp = new AbortController();
  #closing: Promise<void> | undefined;

  constructor(options: GuardianOptions) {
    this.#options = options;
  }

  /** The process that guards now. */
  get pid(): number | undefined {
    return this.#running?.pid;
  }

  /**
   * Have a guardian that knows every registered group. One at a time, shared by all who ask.
   *
   * @throws PypoolError `start-failed`; the next call tries again.
   */
  ensure(): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(closed());
    return this.#starting ?? this.#startOne();
  }

  /**
   * Guard a process group from now on. Call right after the process was spawned and before it runs user code; what it may do
   * waits until this resolves.
   *
   * @throws PypoolError `start-failed` where no guardian can be had; the group is not guarded then.
   */
  async register(pgid: number): Promise<void> {
    this.#groups.add(pgid);
    const guardian = this.#running;
    try {
      if (guardian === undefined) await this.ensure();
      else await guardian.register(pgid);
    } catch {
      // It died before it answered. Its successor is told of every group before it counts as started, of this one too.
      await this.ensure();
    }
  }

  /** The group is gone. */
  unregister(pgid: number): void {
    this.#groups.delete(pgid);
    this.#running?.unregister(pgid);
  }

  /**
   * Have the socket that workers dial, and its folder, removed when Node dies. Call before {@link ensure}, as soon as the socket is there.
   *
   * @param socketPath - none where they dial nothing, or nothing in the file system
   */
  clearAway(socketPath: string | undefined): void {
    if (socketPath === undefined || this.#sockets.has(socketPath)) return;
    this.#sockets.add(socketPath);
    this.#running?.clearAway(socketPath);
  }

  /** Let the guardian go. Whatever is still registered it kills. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #startOne(): Promise<void> {
    const starting = this.#start();
    this.#starting = starting;
    starting.catch(() => {
      // One that lived for a moment has been cleared away as a loss by now, and its replacement may already be here.
      if (this.#starting === starting) this.#starting = undefined;
    });
    return starting;
  }

  async #start(): Promise<void> {
    const { python, file, env } = this.#options;
    const command = { file: python, args: guardianArgs(file), env, cwd: process.cwd() };
    const guardian = await GuardianProcess.start(command, this.#sockets, this.#givenUp.signal);
    void guardian.exited.then((exit) => this.#lost(guardian, exit));
    // Before anything else is awaited: a group that is registered from now on must find it, all earlier ones are told here.
    this.#running = guardian;
    for (const path of this.#sockets) guardian.clearAway(path);
    await Promise.all(Array.from(this.#groups, (pgid) => guardian.register(pgid)));
  }

  #lost(guardian: GuardianProcess, exit: ProcessExit): void {
    if (this.#running === guardian) {
      this.#running = undefined;
      this.#starting = undefined;
    }
    if (this.#closing !== undefined) return;
    const now = performance.now();
    this.#losses = [...this.#losses.filter((at) => now - at < LOSS_WINDOW_MS), now];
    const replaced = this.#losses.length <= MAX_REPLACEMENTS;
    // Where the replacement fails, the next launch tries again and says why it cannot.
    if (replaced) this.ensure().catch(() => undefined);
    this.#options.onLoss?.({ exit, groups: this.#groups.size, replaced });
  }

  async #close(): Promise<void> {
    // One that is just starting is not waited for: nothing says that it ever will have started.
    this.#givenUp.abort();
    await this.#running?.close();
    // It had started in this very moment, or cannot; what it was told to guard, the end of it has answered.
    await this.#starting?.catch(() => undefined);
    await this.#running?.close();
  }
}

function closed(): Error {
  return createError({ code: 'start-failed', message: 'The launcher has been closed.', retryable: false });
}
