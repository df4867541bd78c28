import type { Transport } from '@pypool/transport';
import { pipeTransport } from '@pypool/transport-pipe';
import { socketTransport } from '@pypool/transport-socket';
import type { LaunchFallback, WorkerLauncher } from './launcher/contract.js';
import type { GuardianLoss } from './launcher/guardian.js';
import { spawnLauncher } from './launcher/spawn-launcher.js';
import { forkServer } from './fork-server/fork-server.js';

/**
 * What starts the processes: `'spawn'`, each by itself; `'fork'`, all from one process that has imported the modules, and starts fail where that may
 * not be forked; `'auto'`, as `'fork'` where that is safe and as `'spawn'` where it is not, which the event `launcher-fallback` explains; or a launcher.
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
  const { python, transport, uid, onGuardianLoss, onFallback } = facts;
  if (launcher === 'spawn') return spawnLauncher({ python, onGuardianLoss });
  const isOther = uid !== undefined && uid !== process.geteuid?.();
  if (launcher === 'auto' && isOther && transport === undefined) {
    onFallback({
      message: `Each worker is started by itself: forked ones dial a Unix socket in a folder that user ${uid} may not enter.`,
      reasons: ['other-user'],
    });
    return spawnLauncher({ python, onGuardianLoss });
  }
  return forkServer({ python, onGuardianLoss, ifUnsafe: launcher === 'auto' ? 'spawn' : 'fail' });
}
