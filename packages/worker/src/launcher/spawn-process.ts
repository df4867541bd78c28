import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import { PassThrough, type Duplex, type Readable, type Writable } from 'node:stream';
import { createError, type PypoolError } from '@pypool/protocol';
import { execa } from 'execa';
import type { ProcessExit, ProcessUser } from './contract.js';
import { userInWords } from './user.js';

/** What to run. */
export interface ProcessCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** The whole environment; nothing is added to it. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Who it is to be. @defaultValue as this process */
  readonly user?: ProcessUser | undefined;
  /** Whether standard input is a pipe; else it is empty. */
  readonly stdin: boolean;
  /** How many duplex pipes the process inherits from descriptor 3 on. */
  readonly pipes: number;
}

/** A process that leads a session and a process group of its own, and does not keep Node alive. */
export interface SpawnedProcess {
  readonly pid: number;
  readonly stdin: Writable | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Node's ends of the pipes. Attach a reader in this turn: execa and Node let what nobody reads flow away. */
  readonly pipes: readonly Duplex[];
  /** Resolves when the process has been reaped and what was left of its group has been sent SIGKILL. Never rejects. */
  readonly exited: Promise<ProcessExit>;
  /** Signal the process group. Does nothing after `exited`. */
  signal(signal: NodeJS.Signals): void;
  /** Signal the process alone. Likewise. */
  signalAlone(signal: NodeJS.Signals): void;
}

/** How long a process that we may not signal has to end of itself before its refusal is told without waiting for it. */
const UNREACHABLE_MS = 2000;

/**
 * Start a process. The one place where pypool does, and the one that knows execa.
 *
 * @throws PypoolError `start-failed`, naming the file and what to do.
 */
export async function spawnProcess(command: ProcessCommand): Promise<SpawnedProcess> {
  const extra = Array.from({ length: command.pipes }, () => 'pipe' as const);
  const subprocess = execa(command.file, command.args, {
    cwd: command.cwd,
    env: command.env,
    extendEnv: false,
    // Set between fork and exec, the supplementary groups dropped with them: nothing of it runs as this process's user.
    ...givenIn(command.user),
    // Its own session: a terminal's Ctrl-C reaches Node alone, and the whole group can be signalled.
    detached: true,
    stdio: [command.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe', ...extra],
    // Otherwise execa keeps all output, that of the channels included, in memory.
    buffer: false,
    // Otherwise it adds listeners for signals to the host's process.
    cleanup: false,
    reject: false,
  });
  if (subprocess.pid === undefined) {
    const result = await subprocess;
    throw notStarted(command, result.cause);
  }

  const { pid } = subprocess;
  if (command.user !== undefined && !isReachable(pid)) {
    // All that can be done to it: a runtime ends at the end of its control channel, and has run nothing of the user's before the handshake.
    for (const stream of subprocess.stdio) (stream as Socket | null | undefined)?.destroy();
    subprocess.unref();
    await exitWithin(subprocess, UNREACHABLE_MS);
    throw unreachable(command, command.user, pid);
  }
  let gone = false;
  const signal = (name: NodeJS.Signals): void => {
    if (!gone) kill(-pid, name);
  };
  const signalAlone = (name: NodeJS.Signals): void => {
    if (!gone) kill(pid, name);
  };
  const exited = new Promise<ProcessExit>((resolve) => {
    subprocess.once('exit', (exitCode, signalName) => {
      // Whoever sees a process die ends its group. libuv has reaped the leader just now, so its number is free unless the group
      // has other members; for another process to get it, the kernel would have to hand out every other pid in these microseconds,
      // for it assigns them in turn. After this one signal the group is never named again.
      kill(-pid, 'SIGKILL');
      gone = true;
      resolve({ exitCode: exitCode ?? undefined, signal: signalName ?? undefined });
    });
  });

  subprocess.unref();
  const sockets = subprocess.stdio.filter((stream) => stream != null) as unknown as Socket[];
  for (const socket of sockets) socket.unref();
  return {
    pid,
    stdin: subprocess.stdin ?? undefined,
    stdout: untouched(subprocess.stdout as unknown as Socket),
    stderr: untouched(subprocess.stderr as unknown as Socket),
    pipes: subprocess.stdio.slice(3) as unknown as Socket[],
    exited,
    signal,
    signalAlone,
  };
}

function givenIn({ uid, gid }: ProcessUser = {}): { uid?: number; gid?: number } {
  return { ...(uid !== undefined && { uid }), ...(gid !== undefined && { gid }) };
}

/** The same bytes as a stream in its initial state, which execa does not know and whose reader needs to know nothing of execa. */
function untouched(socket: Socket): Readable {
  const stream = new PassThrough();
  // No more can be read; that it broke rather than ended changes nothing for a reader of output.
  socket.on('error', () => stream.end());
  stream.on('close', () => socket.destroy());
  return socket.pipe(stream);
}

/** Whether we may signal a process that has just been started, and so end it: one of another user takes CAP_KILL. */
function isReachable(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Never ESRCH: Node has not been back in its loop, so it would at least be a zombie.
    return (error as NodeJS.ErrnoException).code !== 'EPERM';
  }
}

/** Resolves when it has exited, and at the latest after `ms`. */
function exitWithin(subprocess: Pick<NodeJS.EventEmitter, 'once'>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const impatience = setTimeout(resolve, ms);
    subprocess.once('exit', () => {
      clearTimeout(impatience);
      resolve();
    });
  });
}

/** Send a signal. @param target - a process, or the negative of a group */
export function kill(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch (error) {
    // ESRCH: there is none. EPERM: macOS says so of a group of which only a zombie is left. On Linux it was ours to signal when it started, so its own
    // code has made it another user's since, and it is beyond our reach; to throw would end Node from within a timer.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

function notStarted(command: ProcessCommand, cause: unknown): PypoolError {
  const { file, cwd } = command;
  const { code } = (cause ?? {}) as NodeJS.ErrnoException;
  return createError({
    code: 'start-failed',
    message: `Python did not start: ${reason(command, code, cause)}`,
    // Trying again changes nothing about what this process may do.
    ...(code === 'EPERM' && { retryable: false }),
    context: { file, cwd, ...command.user, ...(code === undefined ? {} : { errno: code }) },
    cause,
  });
}

function unreachable({ file, cwd }: ProcessCommand, user: ProcessUser, pid: number): PypoolError {
  return createError({
    code: 'start-failed',
    message:
      `Python did not start: user ${process.geteuid?.() ?? '?'}, as whom Node runs, may start processes of ${userInWords(user)} but not end them. ` +
      `Process ${pid} was left to end of itself, which it does as its channels are closed. ` +
      'Give Node the capability CAP_KILL as well, or leave out the options uid and gid.',
    retryable: false,
    context: { file, cwd, ...user, pid, errno: 'EPERM' },
  });
}

function reason({ file, cwd, user }: ProcessCommand, code: string | undefined, cause: unknown): string {
  if (!existsSync(cwd)) return `the working directory ${cwd} does not exist (option cwd).`;
  const choose = 'Choose an interpreter with the python option or PYPOOL_PYTHON.';
  if (code === 'ENOENT')
    return `${file} does not exist, or is a script whose own interpreter does not. ${choose}`;
  if (code === 'EACCES' && user !== undefined)
    return (
      `${file} may not be executed by ${userInWords(user)}, or one of the folders above it not be entered. ` +
      'Choose an interpreter that they may use with the python option, for example one in /usr.'
    );
  if (code === 'EACCES') return `${file} may not be executed, or ${cwd} not be entered. ${choose}`;
  if (code === 'EPERM' && user !== undefined)
    return (
      `user ${process.geteuid?.() ?? '?'}, as whom Node runs, may not start processes of ${userInWords(user)}. ` +
      'Run Node as root, or with the capabilities CAP_SETUID, CAP_SETGID and CAP_KILL, or leave out the options uid and gid.'
    );
  if (code === 'E2BIG')
    return `the environment is larger than the system allows. Inherit or set fewer variables.`;
  return `${cause instanceof Error ? cause.message : String(code)} (${file}).`;
}
