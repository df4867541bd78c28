import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

const GRACE_MS = 3_000;

/** Wait until a child that was asked to stop has ended, and kill it where it does not. */
export async function reaped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const killer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  await once(child, 'exit');
  clearTimeout(killer);
}
