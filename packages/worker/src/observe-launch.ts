import type { WorkerEventHub } from './events.js';
import type { LaunchObserver } from './launcher/contract.js';
import { describeExit } from './life/exit.js';
import type { StartWatch } from './life/start-watch.js';
import type { OutputLine } from './output/line-builder.js';
import type { LogOrigin } from './output/log-event.js';
import type { StandingNews } from './standing-news.js';

/** Who hears of what a launcher does for one start. */
export interface LaunchHearers {
  readonly origin: Omit<LogOrigin, 'pid'>;
  readonly interpreter: string | undefined;
  readonly watch: StartWatch;
  readonly hub: WorkerEventHub;
  readonly fallback: StandingNews<'launcher-fallback'>;
  readonly onOutput: (origin: LogOrigin, stream: 'stdout' | 'stderr', line: OutputLine) => void;
}

/** Tell the world of what a launcher does for a worker that has no process of its own yet. */
export function observeLaunch(hearers: LaunchHearers): LaunchObserver {
  const { origin, interpreter, watch, hub, fallback, onOutput } = hearers;
  return {
    onImporting: (progress) => {
      watch.importing(() => {
        const soFar = progress();
        return soFar && { workerId: origin.workerId, interpreter, ...soFar };
      });
    },
    onOutput: (pid, stream, line) => onOutput({ ...origin, pid }, stream, line),
    onFallback: (event) => fallback.add(event),
    onLoss: ({ exit, workers }) =>
      hub.emit('fork-server-lost', { message: `The fork server ${describeExit(exit)}.`, workers }),
  };
}
