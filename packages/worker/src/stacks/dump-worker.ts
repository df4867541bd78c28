import {
  createError,
  type Dumped,
  type DumpedCall,
  type DumpedThread,
  type PypoolError,
  type WorkerDump,
} from '@pypool/protocol';
import type { WorkerIdentity } from '../life/exit.js';
import { takesNoCalls } from '../life/exit.js';
import { StateTimer } from '../life/state-timer.js';
import type { Inspector, Told, Withdraw } from './inspector.js';
import { ownFramesOf } from './own-frames.js';

/** How long the runtime has to answer: far more than any Python code keeps the interpreter from another thread. */
const ASK_MS = 500;

/** How long the stacks may take that a signal has written. */
const SIGNAL_MS = 2_000;

/** Whom {@link dumpWorker} asks. */
export interface DumpParts {
  readonly identity: WorkerIdentity;
  readonly inspector: Inspector;
  /** The calls that run now. */
  readonly calls: () => readonly RunningFacts[];
  /** Whether the process is stopped, and so does nothing at all. */
  readonly isStopped: () => boolean;
}

/** A call that runs, without where it is. */
export type RunningFacts = Omit<DumpedCall, 'frames'>;

/**
 * Find out what a worker does, whatever it does, within seconds.
 *
 * @throws PypoolError `worker-exited` where it ends meanwhile; `worker-unresponsive` where it is stopped, or tells nothing in either way;
 * `unsupported-platform` where its runtime knows none of them.
 */
export async function dumpWorker({ identity, inspector, calls, isStopped }: DumpParts): Promise<WorkerDump> {
  if (inspector.over) throw takesNoCalls(identity, 'dead');
  if (!inspector.canTell) throw cannotTell(identity);
  if (isStopped()) throw stopped(identity);
  const before = calls();
  const dumped = await within<Dumped>(ASK_MS, (told) => inspector.ask(told));
  if (dumped !== undefined) return askedDump(identity, dumped, [...before, ...calls()]);
  if (inspector.over) throw takesNoCalls(identity, 'dead');
  if (isStopped()) throw stopped(identity);
  const threads = await within<readonly DumpedThread[]>(SIGNAL_MS, (told) => inspector.signal(told));
  if (threads !== undefined) return signalledDump(identity, threads, calls());
  throw inspector.over ? takesNoCalls(identity, 'dead') : silent(identity);
}

function askedDump(
  { workerId, pid }: WorkerIdentity,
  { threads, tasks, calls }: Dumped,
  known: readonly RunningFacts[],
): WorkerDump {
  const facts = new Map(known.map((call) => [call.id, call]));
  return {
    workerId,
    pid,
    how: 'asked',
    takenAt: Date.now(),
    // What it had answered before it could be asked about is none of its calls any more.
    calls: calls.flatMap(({ id, frames }) => {
      const call = facts.get(id);
      return call === undefined ? [] : [{ ...call, frames }];
    }),
    threads: threads.map(({ name, ...thread }) => ({ ...thread, name: name ?? undefined })),
    tasks: tasks ?? undefined,
  };
}

function signalledDump(
  { workerId, pid }: WorkerIdentity,
  threads: readonly DumpedThread[],
  known: readonly RunningFacts[],
): WorkerDump {
  // They say nothing of calls: of several, nobody knows whose they are.
  const frames = known.length === 1 ? ownFramesOf(threads) : [];
  const calls = known.map((call) => ({ ...call, frames }));
  return { workerId, pid, how: 'signalled', takenAt: Date.now(), calls, threads, tasks: undefined };
}

/** What comes within a time, or `undefined`. */
function within<T>(ms: number, begin: (told: Told<T>) => Withdraw): Promise<T | undefined> {
  return new Promise((resolve) => {
    const timer = new StateTimer();
    const withdraw = begin((what) => {
      timer.stop();
      resolve(what);
    });
    timer.start(ms, () => {
      withdraw();
      resolve(undefined);
    });
  });
}

function stopped({ workerId, pid }: WorkerIdentity): PypoolError {
  return createError({
    code: 'worker-unresponsive',
    message: `Worker ${workerId} (pid ${pid}) is stopped, by SIGSTOP or a debugger, and can tell nothing. SIGCONT lets it go on.`,
    context: { workerId, pid, stopped: true },
  });
}

function silent({ workerId, pid }: WorkerIdentity): PypoolError {
  return createError({
    code: 'worker-unresponsive',
    message: `Worker ${workerId} (pid ${pid}) did not tell where it is: C code holds its interpreter, and a signal wrote nothing to stderr within ${SIGNAL_MS} ms. Code of its own may have taken SIGWINCH or redirected stderr, or a system call holds it.`,
    context: { workerId, pid, stopped: false },
  });
}

function cannotTell({ workerId, pid }: WorkerIdentity): PypoolError {
  return createError({
    code: 'unsupported-platform',
    message: `Worker ${workerId} (pid ${pid}) cannot tell where it is: its runtime does not know how. Update it.`,
    context: { workerId, pid },
  });
}
