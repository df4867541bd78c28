import { forkServerArgs } from '../launcher/bootstrap.js';
import { orAborted } from '../launcher/connect.js';
import type { ImportProgress, ProcessExit } from '../launcher/contract.js';
import { spawnProcess, type ProcessCommand, type SpawnedProcess } from '../launcher/spawn-process.js';
import { isEnding } from '../life/is-ending.js';
import type { OutputLine } from '../output/line-builder.js';
import type { Attachable } from '../launcher/attach.js';
import { ForkedProcess } from './forked-process.js';
import {
  ForkServerLink,
  type ForkReport,
  type ForkServerOrder,
  type ForkServerReport,
  type ImportReport,
  type WorkerToBe,
} from './fork-server-messages.js';
import { ImportOutput } from './import-output.js';

/** How long output is read on after the exit: what left the group may hold it open. */
const READ_TO_END_MS = 1_000;

/** What a fork server is started with. */
export interface ForkServerCommand extends Pick<ProcessCommand, 'file' | 'env' | 'cwd' | 'user'> {
  readonly runtime: string;
  readonly onLine: (stream: 'stdout' | 'stderr', line: OutputLine) => void;
}

/** What became of the wish for a fork: a worker, or why there is none. */
export type Forked = ForkedProcess | Exclude<ForkReport, { type: 'forked' }>;

/** One fork server from its start to its exit: `python/pypool/fork_server.py`, seen from Node. */
export class ForkServerProcess {
  /** Resolves with what the import came to; with `undefined` where the process ended before. */
  readonly imported: Promise<ImportReport | undefined>;
  /** Resolves when it is reaped, each of its workers has been sent SIGKILL, and its output was read to its end. */
  readonly ended: Promise<ProcessExit>;
  readonly output: ImportOutput;
  readonly process: SpawnedProcess;
  readonly #link: ForkServerLink;
  readonly #children = new Map<number, ForkedProcess>();
  readonly #forks = new Map<number, (forked: Forked) => void>();
  /** Of those, the ones that nobody waits for any more. */
  readonly #unwanted = new Set<number>();
  #settleImport!: (report: ImportReport | undefined) => void;
  #python: string | undefined;
  #lastFork = 0;
  #exit: ProcessExit | undefined;
  #wanted = true;
  #retired = false;

  private constructor(process: SpawnedProcess, command: ForkServerCommand) {
    this.process = process;
    this.imported = new Promise((resolve) => (this.#settleImport = resolve));
    const [socket] = process.pipes;
    this.#link = new ForkServerLink(
      socket!,
      (report) => this.#onReport(report),
      () => void this.close(),
    );
    this.output = new ImportOutput(process.stdout, process.stderr, command.onLine);
    this.ended = process.exited.then((exit) => this.#onExit(exit));
  }

  /** @throws PypoolError `start-failed` */
  static async start(command: ForkServerCommand): Promise<ForkServerProcess> {
    const { file, runtime, env, cwd, user } = command;
    const args = forkServerArgs(runtime);
    const process = await spawnProcess({ file, args, env, cwd, user, stdin: false, pipes: 1 });
    return new ForkServerProcess(process, command);
  }

  get progress(): ImportProgress {
    return { pid: this.process.pid, pythonVersion: this.#python, stderr: this.output.stderr };
  }

  /** How many workers of it there are. */
  get workers(): number {
    return this.#children.size;
  }

  /** It ended, as nobody wanted. */
  get isLost(): boolean {
    return this.#wanted && this.#exit !== undefined;
  }

  /** What to import. It waits for that. */
  import(order: Omit<Extract<ForkServerOrder, { type: 'import' }>, 'type'>): void {
    this.#link.send({ type: 'import', ...order });
  }

  /** Fork a worker. Rejects with the signal's reason, and for nothing else; a worker that comes after that is ended. */
  async fork(worker: WorkerToBe, signal: AbortSignal): Promise<Forked> {
    const id = ++this.#lastFork;
    if (this.#exit !== undefined) return lost(id);
    this.#link.send({ type: 'fork', id, ...worker });
    const forking = new Promise<Forked>((resolve) => this.#forks.set(id, resolve));
    try {
      return await orAborted(forking, signal);
    } catch (error) {
      this.#unwanted.add(id);
      void forking.then((late) => late instanceof ForkedProcess && late.discard());
      throw error;
    }
  }

  /** Have it be a worker itself, and no fork server any more: one that cannot be forked is a process all the same that has imported the modules. */
  become(worker: WorkerToBe): Attachable {
    this.#wanted = false;
    this.#link.send({ type: 'become', ...worker });
    const [stdout, stderr] = this.output.handOver();
    const { process } = this;
    return {
      pid: process.pid,
      exited: process.exited,
      stdout,
      stderr,
      signal: (name) => process.signal(name),
      signalAlone: (name) => process.signalAlone(name),
    };
  }

  /** Fork no more, and end with the last worker. */
  retire(): void {
    this.#retired = true;
    // One that hangs answers nobody: it is not to stay for the sake of those who have given up.
    if (this.#children.size === 0 && this.#forks.size === this.#unwanted.size) void this.close();
  }

  /** End it, with every worker that it has. */
  close(): Promise<ProcessExit> {
    this.#wanted = false;
    this.#link.close();
    // One that imports does not look; one that serves ends its workers by itself, and so does the death of a parent.
    this.process.signal('SIGKILL');
    return this.ended;
  }

  #onReport(report: ForkServerReport): void {
    switch (report.type) {
      case 'hello':
        this.#python = report.python;
        return;
      case 'imported':
        return this.#settleImport(report);
      case 'forked':
        return this.#onForked(report);
      case 'refused':
      case 'failed':
        return this.#answer(report.id, report);
      case 'exited': {
        const { pid, exitCode, signal } = report;
        this.#children.get(pid)?.onExited({ exitCode: exitCode ?? undefined, signal: signal ?? undefined });
        return this.#link.send({ type: 'reap', pid });
      }
      case 'reaped': {
        const { pid, userMs, systemMs, maxRssBytes } = report;
        this.#children.get(pid)?.onReaped({ userMs, systemMs, maxRssBytes });
        this.#children.delete(pid);
        if (this.#retired) this.retire();
      }
    }
  }

  #onForked({ id, pid, stdout, stderr }: Extract<ForkReport, { type: 'forked' }>): void {
    try {
      const child = new ForkedProcess(this.process.pid, pid, stdout, stderr);
      this.#children.set(pid, child);
      this.#answer(id, child);
    } catch (error) {
      // It died as it said so, and its pipes with it: that is for its exit to answer, and no reason to fork no more.
      if (isEnding(this.process.pid)) return;
      const found = [error instanceof Error ? error.message : String(error)];
      this.#answer(id, { type: 'refused', id, hazards: [{ hazard: 'proc', found }] });
    }
    this.#link.send({ type: 'opened', pid });
  }

  #answer(id: number, forked: Forked): void {
    this.#forks.get(id)?.(forked);
    this.#forks.delete(id);
    this.#unwanted.delete(id);
    if (this.#retired) this.retire();
  }

  async #onExit(exit: ProcessExit): Promise<ProcessExit> {
    this.#exit = exit;
    this.#link.close();
    for (const child of this.#children.values()) child.onOrphaned();
    for (const id of [...this.#forks.keys()]) this.#answer(id, lost(id));
    await withinMs(this.output.ended, READ_TO_END_MS);
    this.output.close();
    this.#settleImport(undefined);
    return exit;
  }
}

function withinMs(work: Promise<unknown>, ms: number): Promise<unknown> {
  return new Promise((resolve) => {
    const impatience = setTimeout(resolve, ms);
    void work.then(() => {
      clearTimeout(impatience);
      resolve(undefined);
    });
  });
}

function lost(id: number): Forked {
  return { type: 'failed', id, message: 'the fork server has ended' };
}
