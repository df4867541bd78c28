import type { Connection, ConnectionOffer } from '@pypool/transport';
import { connect, orAborted } from '../launcher/connect.js';
import type { LaunchedWorker } from '../launcher/contract.js';

/** A process that is to dial in. */
export type Dialler = Pick<LaunchedWorker, 'pid' | 'stdout' | 'stderr' | 'exited' | 'signal'> & {
  signalAlone(signal: NodeJS.Signals): void;
};

/**
 * Make a launched worker of a process, once it has dialled in and is guarded. It is reaped where this rejects.
 *
 * @param guarded - resolves when the guardian knows its group
 */
export async function attach(
  process: Dialler,
  offer: ConnectionOffer,
  guarded: Promise<void>,
  signal: AbortSignal,
): Promise<LaunchedWorker> {
  // Where the connection fails first, nobody awaits this any more.
  guarded.catch(() => undefined);
  const { pid, stdout, stderr, exited } = process;
  let connection: Connection | undefined;
  try {
    connection = await connect(offer, { exited, pipes: [] }, signal);
    await orAborted(guarded, signal);
  } catch (error) {
    process.signal('SIGKILL');
    for (const part of [connection, stdout, stderr]) part?.destroy();
    await exited;
    throw error;
  }
  return {
    pid,
    connection,
    stdout,
    stderr,
    exited,
    signal: (name) => process.signal(name),
    signalAlone: (name) => process.signalAlone(name),
  };
}
