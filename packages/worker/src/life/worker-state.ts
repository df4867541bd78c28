import type { PypoolError } from '@pypool/protocol';

/**
 * Where a worker stands.
 *
 * - `handshaking`: the process runs, its HELLO is awaited.
 * - `importing`: WELCOME was sent; the runtime imports the modules and runs the start hooks.
 * - `ready`: it takes calls.
 * - `closing`: it takes no more calls, finishes those it has, then exits by itself.
 * - `ending`: its channels ended by themselves; its own exit is awaited for a moment, since that tells more than a kill would.
 * - `dying`: it was killed or has exited; its exit and the rest of what it said are awaited.
 * - `dead`: reaped, its replies read to their end, every call answered.
 */
export type WorkerState =
  | { readonly name: 'handshaking' }
  | { readonly name: 'importing' }
  | { readonly name: 'ready' }
  | { readonly name: 'closing' }
  | { readonly name: 'ending' }
  | { readonly name: 'dying'; readonly reason: PypoolError | undefined }
  | { readonly name: 'dead' };

export type WorkerStateName = WorkerState['name'];

const MAY_FOLLOW: Readonly<Record<WorkerStateName, readonly WorkerStateName[]>> = {
  handshaking: ['importing', 'ending', 'dying'],
  importing: ['ready', 'ending', 'dying'],
  ready: ['closing', 'ending', 'dying'],
  closing: ['dying'],
  ending: ['dying'],
  dying: ['dead'],
  dead: [],
};

/** Move from one state to the next. @throws Error for a move that the table does not hold: a bug of this package. */
export function moveTo(from: WorkerState, to: WorkerState): WorkerState {
  if (!MAY_FOLLOW[from.name].includes(to.name))
    throw new Error(`a worker cannot go from ${from.name} to ${to.name}`);
  return to;
}
