import type { Readable } from 'node:stream';
import type { Connection, Transport } from '@pypool/transport';

/** What a launcher is asked to bring into being. */
export interface LaunchRequest {
  readonly workerId: string;
  readonly slot: number;
  readonly transport: Transport;
  /** The whole environment of the process, already resolved. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /**
   * Who the process is to be, from before it runs anything of its own: user and group by number, with no supplementary groups. A launcher that cannot see to
   * it rejects. `undefined`: as this process.
   */
  readonly user?: ProcessUser | undefined;
}

/** A user and a group, by number; one that is left out is this process's. */
export interface ProcessUser {
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/** How a process ended. */
export interface ProcessExit {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
}

/** One running process with its connection. */
export interface LaunchedWorker {
  /** Process id, which is also its process group's. */
  readonly pid: number;
  readonly connection: Connection;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the process has been reaped and what was left of its group has been killed; never rejects. */
  readonly exited: Promise<ProcessExit>;
  /** Signal the whole process group. Does nothing after `exited`. */
  signal(signal: NodeJS.Signals): void;
  /** Signal the process and nobody else of its group. Does nothing after `exited`. Left out for a process that is on another machine. */
  signalAlone?(signal: NodeJS.Signals): void;
}

/**
 * A source of worker processes.
 *
 * A launcher owns the process, never the bytes. Implementations pass `launcherConformance()` from `@pypool/worker/testing`.
 */
export interface WorkerLauncher {
  /** Stable name for logs, errors and metric attributes, for example `"spawn"`. */
  readonly name: string;
  /**
   * Bring one runtime process into being and connect it. The handshake is the worker's.
   *
   * @throws PypoolError `start-failed` where it cannot; nothing of the attempt is left when it rejects. Rejects with the signal's reason on abort.
   */
  launch(request: LaunchRequest, signal: AbortSignal): Promise<LaunchedWorker>;
  /** Ends the launcher's own helpers (guardian). Idempotent. Call after every worker is reaped. */
  close(): Promise<void>;
}
