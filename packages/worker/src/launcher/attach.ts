import type { Connection, ConnectionOffer } from '@pypool/transport';
import { connect, orAborted } from './connect.js';
import type { LaunchedWorker } from './contract.js';
import type { SpawnedProcess } from './spawn-process.js';

/** A process that is to connect; one that dials in has no pipes. */
export type Attachable = Omit<SpawnedProcess, 'stdin' | 'pipes'> & Partial<Pick<SpawnedProcess, 'pipes'>>;

/**
 * Make a launched worker of a process, once it is connected and guarded. It is reaped where this rejects, and the offer withdrawn.
 *
 * @param guarded - resolves when the guardian knows its group
 */
export async function attach(
  process: Attachable,
  offer: ConnectionOffer,
  guarded: Promise<void>,
  signal: AbortSignal,
): Promise<LaunchedWorker> {
  // Where the connection fails first, nobody awaits this any more.
  guarded.catch(() => undefined);
  const { pid, pipes = [], stdout, stderr, exited } = process;
  let connection: Connection | undefined;
  try {
    connection = await connect(offer, { exited, pipes }, signal);
    await orAborted(guarded, signal);
  } catch (error) {
    process.signal('SIGKILL');
    offer.withdraw();
    for (const part of [connection, ...pipes, stdout, stderr]) part?.destroy();
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
