import type { LaunchedWorker } from '../launcher/contract.js';
import type { SharedMemoryLimits } from './segments.js';
import { sharingConnection, type SharingOptions } from './sharing-connection.js';

/** A process as it is, with a connection whose large buffers pass through shared memory where there may be any: see {@link sharingConnection}. */
export function shareMemory(
  launched: LaunchedWorker,
  limits: SharedMemoryLimits | undefined,
  about: Omit<SharingOptions, keyof SharedMemoryLimits>,
): LaunchedWorker {
  if (limits === undefined) return launched;
  const { pid, connection, stdout, stderr, exited } = launched;
  return {
    pid,
    connection: sharingConnection(connection, { ...limits, ...about }),
    stdout,
    stderr,
    exited,
    signal: (signal) => launched.signal(signal),
    ...(launched.signalAlone !== undefined && {
      signalAlone: (signal: NodeJS.Signals) => launched.signalAlone?.(signal),
    }),
  };
}
