import { constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { ProcessExit, ProcessUsage } from '../launcher/contract.js';
import { kill } from '../launcher/spawn-process.js';
import { startTimeOf } from './proc-stat.js';

/** How often, and for how long, it is looked whether a process that nobody here can reap has ended. */
const LOOK_MS = 5;
const LOOKS = 400;

/** A worker that a fork server has forked. It leads a process group and a session of its own. */
export class ForkedProcess {
  readonly pid: number;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when it was reaped, and what was left of its group was sent SIGKILL. Never rejects. */
  readonly exited: Promise<ProcessExit>;
  readonly #startTime: string | undefined;
  #gone = false;
  #exit: ProcessExit | undefined;
  #settle!: (exit: ProcessExit) => void;

  /**
   * Call in the turn in which its fork is reported: until then its number is its own.
   *
   * @param server - pid of its fork server
   * @throws where its output cannot be opened; it is killed then
   */
  constructor(server: number, pid: number, stdout: number, stderr: number) {
    this.pid = pid;
    this.#startTime = startTimeOf(pid);
    this.exited = new Promise((resolve) => (this.#settle = resolve));
    let out: Readable | undefined;
    try {
      this.stdout = out = openPipe(server, stdout);
      this.stderr = openPipe(server, stderr);
    } catch (error) {
      out?.destroy();
      this.signal('SIGKILL');
      throw error;
    }
  }

  /** Signal its group. Does nothing once it has ended. */
  signal(name: NodeJS.Signals): void {
    if (!this.#gone) kill(-this.pid, name);
  }

  /** Signal it alone. Likewise. */
  signalAlone(name: NodeJS.Signals): void {
    if (!this.#gone) kill(this.pid, name);
  }

  /** End it: nobody wants it, or reads what it says. */
  discard(): void {
    this.signal('SIGKILL');
    this.stdout.destroy();
    this.stderr.destroy();
  }

  /** Its parent says that it has ended. Until that is told that nobody here signals it any more, its number is nobody else's. */
  onExited(exit: ProcessExit): void {
    this.#gone = true;
    this.#exit = exit;
  }

  /** Its parent has reaped it, or nobody who could tell what it took. */
  onReaped(rusage?: ProcessUsage): void {
    const exit = this.#exit ?? { exitCode: undefined, signal: undefined };
    this.#settle(rusage === undefined ? exit : { ...exit, rusage });
  }

  /** Its parent is gone, and it dies of that; what it has started does not. */
  onOrphaned(): void {
    if (this.#exit !== undefined) return this.onReaped();
    // Where its leader is gone, the group may be still there, and no process has got its number then; or it is gone, and another may.
    const now = startTimeOf(this.pid);
    if (now === undefined || now === this.#startTime) kill(-this.pid, 'SIGKILL');
    this.#gone = true;
    this.#exit = { exitCode: undefined, signal: 'SIGKILL' };
    this.#look(LOOKS);
  }

  #look(left: number): void {
    if (left === 0 || startTimeOf(this.pid) !== this.#startTime) return this.onReaped();
    setTimeout(() => this.#look(left - 1), LOOK_MS);
  }
}

/**
 * The end of a pipe that another process has open. Linux makes a descriptor of our own of it, on the same pipe, with nothing in a folder that somebody
 * would have to remove.
 */
function openPipe(server: number, descriptor: number): Readable {
  const fd = openSync(`/proc/${server}/fd/${descriptor}`, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false }).unref();
}
