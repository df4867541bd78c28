import { accessSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Transport } from '@pypool/transport';
import { pipeTransport } from '@pypool/transport-pipe';
import { socketTransport } from '@pypool/transport-socket';
import { fallbackOf } from './fork-server/fork-hazards.js';
import { forkServer } from './fork-server/fork-server.js';
import { isSameForLibraries } from './fork-server/import-environment.js';
import type { LaunchFallback, WorkerLauncher } from './launcher/contract.js';
import type { GuardianLoss } from './launcher/guardian.js';
import { spawnLauncher } from './launcher/spawn-launcher.js';

/**
 * What starts the processes: `'spawn'`, each by itself; `'fork'`, all from one process that has imported the modules, and starts fail where that may
 * not be forked; `'auto'`, as `'fork'` where that is safe and what is imported once is what each would import, and as `'spawn'` where not, which the
 * event `launcher-fallback` explains; or a launcher.
 */
export type LauncherOption = 'spawn' | 'fork' | 'auto' | WorkerLauncher;

/** What the choice depends on. */
export interface LauncherFacts {
  readonly launcher: LauncherOption | undefined;
  readonly transport: Transport | undefined;
  /** The interpreter that was found. */
  readonly python: string;
  /** Who the workers are to be, where that was said. */
  readonly uid: number | undefined;
  /** The environment that all of them have; `undefined` where each slot has its own. */
  readonly env: Readonly<Record<string, string>> | undefined;
  /** @defaultValue this process's */
  readonly platform?: NodeJS.Platform;
  readonly onGuardianLoss: (loss: GuardianLoss) => void;
  readonly onFallback: (fallback: LaunchFallback) => void;
}

/** How processes are started and reached. */
export interface ChosenLauncher {
  readonly launcher: WorkerLauncher;
  readonly transport: Transport;
}

/** The launcher that was asked for, and a transport that it can use. */
export function chooseLauncher(facts: LauncherFacts): ChosenLauncher {
  const launcher = launcherOf(facts);
  const transport = facts.transport ?? (launcher.dials === true ? socketTransport() : pipeTransport());
  return { launcher, transport };
}

function launcherOf({ launcher = 'spawn', ...facts }: LauncherFacts): WorkerLauncher {
  if (typeof launcher !== 'string') return launcher;
  const { python, onGuardianLoss, onFallback } = facts;
  const fallback = launcher === 'auto' ? whyNotForked(facts) : undefined;
  if (fallback !== undefined) onFallback(fallback);
  if (launcher === 'spawn' || fallback !== undefined) return spawnLauncher({ python, onGuardianLoss });
  return forkServer({ python, onGuardianLoss, ifUnsafe: launcher === 'auto' ? 'spawn' : 'fail' });
}

/** What stands against a fork server before anything is imported. The other hazards show in the process that has imported. */
function whyNotForked(facts: Omit<LauncherFacts, 'launcher'>): LaunchFallback | undefined {
  const { transport, uid, env, platform = process.platform } = facts;
  if (platform !== 'linux') return fallbackOf([{ hazard: 'platform', found: [platform] }]);
  if (env === undefined) {
    return byThemselves(
      'env',
      `env is a function of the slot, and modules that are imported once for all see what it says for one slot only. Where they do not look at it, choose 'fork'`,
    );
  }
  if (!isSameForLibraries(env)) {
    return byThemselves(
      'threads',
      `libraries in native code may have more than one thread each, by threads or env, and have only one where they are imported in a process that is forked. Where that is enough, choose 'fork'`,
    );
  }
  if (transport !== undefined) return undefined;
  if (uid !== undefined && uid !== process.geteuid?.()) {
    return byThemselves(
      'other-user',
      `forked ones dial a Unix socket in a folder that user ${uid} may not enter`,
    );
  }
  const obstacle = obstacleToSocket();
  if (obstacle === undefined) return undefined;
  return byThemselves(
    'socket-folder',
    `forked ones dial a Unix socket below ${tmpdir()}, and none can be made there: ${obstacle} Have TMPDIR name a folder with a short path that this process may write to`,
  );
}

/** Why {@link socketTransport} could not listen, as far as one can see. */
function obstacleToSocket(): string | undefined {
  try {
    accessSync(tmpdir(), constants.W_OK | constants.X_OK);
    socketTransport(); // looks at how long the path would be, and holds nothing
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function byThemselves(reason: string, why: string): LaunchFallback {
  return { message: `Each worker is started by itself: ${why}.`, reasons: [reason] };
}
