import { createError, type SharedMemoryUse } from '@pypool/protocol';
import type { Transport } from '@pypool/transport';
import type { LaunchedWorker } from '../launcher/contract.js';
import type { SharedMemoryLimits } from './segments.js';
import { sharingConnection, type SharingOptions } from './sharing-connection.js';

/** A process, and what memory it shares with this one, where it may share any. */
export interface SharingWorker extends LaunchedWorker {
  readonly sharedMemory?: () => SharedMemoryUse;
}

/** A process as it is, with a connection whose large buffers pass through shared memory where there may be any: see {@link sharingConnection}. */
export function shareMemory(
  launched: LaunchedWorker,
  limits: SharedMemoryLimits | undefined,
  about: Omit<SharingOptions, keyof SharedMemoryLimits>,
): SharingWorker {
  if (limits === undefined) return launched;
  const { pid, stdout, stderr, exited } = launched;
  const connection = sharingConnection(launched.connection, { ...limits, ...about });
  return {
    pid,
    connection,
    sharedMemory: connection.use,
    stdout,
    stderr,
    exited,
    signal: (signal) => launched.signal(signal),
    ...(launched.signalAlone !== undefined && {
      signalAlone: (signal: NodeJS.Signals) => launched.signalAlone?.(signal),
    }),
  };
}

/** @throws PypoolError `invalid-options` where memory is to be shared with workers that may be on other machines. */
export function checkReach(transport: Transport, limits: SharedMemoryLimits | undefined): void {
  if (limits === undefined || transport.remote !== true) return;
  throw createError({
    code: 'invalid-options',
    message:
      `Invalid options of the Python workers: sharedMemory: the transport ${transport.name} listens on TCP, where workers may be on other machines, and memory can be shared on one machine alone. ` +
      'Leave out sharedMemory, or the transport: pipes and Unix sockets can share memory.',
    context: { option: 'sharedMemory', transport: transport.name },
  });
}
