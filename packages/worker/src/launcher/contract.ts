import type { Readable } from 'node:stream';
import type { WelcomeModule } from '@pypool/protocol';
import type { Connection, Transport } from '@pypool/transport';
import type { OutputLine } from '../output/line-builder.js';

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
  /** What it is to serve, for a launcher that imports it before there is a worker. WELCOME says the same. @defaultValue nothing is known of it */
  readonly modules?: readonly WelcomeModule[] | undefined;
  /** The interpreter that was found for the modules, for a launcher that was told of none. @defaultValue what the launcher finds */
  readonly python?: string | undefined;
  /** How often its pool was reloaded: what was imported for a lower number is too old for it. @defaultValue 0 */
  readonly generation?: number | undefined;
  /** Who is told what the launcher does for it beside the worker's own process. @defaultValue nobody */
  readonly observer?: LaunchObserver | undefined;
}

/** Whom a launcher tells of what it does for a worker beside starting its process. None may throw. */
export interface LaunchObserver {
  /** A process of the launcher's own imports the modules for it. Told before it does; `progress` may be asked until `launch` settles. */
  onImporting?(progress: () => ImportProgress | undefined): void;
  /** A line that such a process printed. `workerId` is of the worker for whose sake it was started. */
  onOutput?(pid: number, stream: 'stdout' | 'stderr', line: OutputLine): void;
  /** The launcher cannot work as it should, and starts workers in another way from now on. Told once for each reason. */
  onFallback?(fallback: LaunchFallback): void;
  /** A process of the launcher's own ended that should not have; its workers end with it. */
  onLoss?(loss: LaunchLoss): void;
}

/** How far a process of the launcher's own has come. */
export interface ImportProgress {
  readonly pid: number;
  readonly pythonVersion: string | undefined;
  readonly stderr: readonly string[];
}

/** Why a launcher starts workers in another way. */
export interface LaunchFallback {
  /** In one sentence or more, with what to do about it. */
  readonly message: string;
  /** For code: `"native-threads"` and the like. */
  readonly reasons: readonly string[];
}

/** A process of the launcher's own that ended while it was needed. */
export interface LaunchLoss {
  readonly exit: ProcessExit;
  /** How many workers end with it. */
  readonly workers: number;
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
  /** What it took, by whoever reaped it. @defaultValue not known */
  readonly rusage?: ProcessUsage | undefined;
}

/** What a process took of the machine from its start to its end, with those that it started and waited for. */
export interface ProcessUsage {
  /** Processor time in its own code. */
  readonly userMs: number;
  /** Processor time in the system on its behalf. */
  readonly systemMs: number;
  /** Most memory that it, or one of the others, had at a time; what it shared with the process that it was forked from counts. */
  readonly maxRssBytes: number;
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
   * Its processes inherit nothing of this one, so that they need a transport that they dial. Where no transport is chosen, it gets one.
   *
   * @defaultValue false
   */
  readonly dials?: boolean;
  /**
   * Bring one runtime process into being and connect it. The handshake is the worker's.
   *
   * @throws PypoolError `start-failed` where it cannot; nothing of the attempt is left when it rejects. Rejects with the signal's reason on abort.
   */
  launch(request: LaunchRequest, signal: AbortSignal): Promise<LaunchedWorker>;
  /** Ends the launcher's own helpers (guardian). Idempotent. Call after every worker is reaped. */
  close(): Promise<void>;
}
