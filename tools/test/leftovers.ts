import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';

/** Whether this system lets one look at the processes of others: Linux does. */
export function canSeeProcesses(): boolean {
  return existsSync('/proc/self/environ');
}

/**
 * The processes that belong to the run whose `TMPDIR` is `folder`: by their environment or by their command line.
 *
 * Workers inherit few variables, but `TMPDIR` is among them.
 */
export async function leftovers(folder: string): Promise<string[]> {
  if (!canSeeProcesses()) return [];
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const command = await read(pid, 'cmdline');
    const environment = await read(pid, 'environ');
    if (!command.includes(folder) && !environment.includes(folder)) continue;
    // Already dead, and only not yet reaped by whoever adopted it: it has no command line any more.
    if (command !== '') found.push(`process ${pid}: ${command.replaceAll('\0', ' ').trim()}`);
  }
  return found;
}

/** Empty where the process is gone by now, or is another user's. */
async function read(pid: string, file: string): Promise<string> {
  return readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
}
