import { createError, nearest, shown, type PypoolError, type WorkerDump } from '@pypool/protocol';

import type { WorkerRecord } from '../worker/worker-record.js';

/** Ask one worker what it does. @throws PypoolError always as a rejection: see `dump()` of the pool */
export async function dumpWorker(workers: Iterable<WorkerRecord>, workerId: unknown): Promise<WorkerDump> {
  const all = [...workers];
  const record = all.find(({ id }) => id === workerId);
  if (record === undefined) throw unknownWorker(workerId, all);
  const { id, worker } = record;
  if (worker === undefined) throw notStarted(id);
  if (worker.dump === undefined) throw cannotTell(id);
  return worker.dump();
}

function unknownWorker(workerId: unknown, workers: readonly WorkerRecord[]): PypoolError {
  const known = workers.map(({ id }) => id);
  const meant = typeof workerId === 'string' ? nearest(workerId, known) : undefined;
  const there = known.length === 0 ? 'There is none' : `There are ${known.join(', ')}`;
  const hint = meant === undefined ? '' : ` Did you mean "${meant}"?`;
  return createError({
    code: 'invalid-arguments',
    message: `dump(): no live worker has the id ${shown(workerId)}.${hint} ${there}; status() tells them all.`,
    context: { workerId: String(workerId), known, suggestions: meant === undefined ? [] : [meant] },
  });
}

function notStarted(workerId: string): PypoolError {
  return createError({
    code: 'worker-unresponsive',
    message: `Worker ${workerId} has not started yet, and can tell nothing. A start that takes too long says where it stands.`,
    context: { workerId },
  });
}

function cannotTell(workerId: string): PypoolError {
  return createError({
    code: 'unsupported-platform',
    message: `Worker ${workerId} cannot tell what it does: its factory makes workers without dump().`,
    context: { workerId },
  });
}
