import { mkdtempSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createError } from '@pypool/protocol';

/** Most bytes of a socket's path: `sun_path` of the system less its closing NUL. Node 20 cuts longer ones off without a word. */
const MOST_PATH_BYTES = process.platform === 'linux' ? 107 : 103;

const PREFIX = 'pypool-';

/** A folder that nobody but this user may enter, with room for one socket. */
export interface PrivateFolder {
  /** Where the socket goes. */
  readonly socketPath: string;
  remove(): Promise<void>;
}

/**
 * Refuse a parent below which the socket's path would be too long for the system.
 *
 * @throws PypoolError `invalid-options`.
 */
export function checkPathLength(parent: string): void {
  const path = socketIn(join(parent, `${PREFIX}XXXXXX`));
  const bytes = Buffer.byteLength(path);
  if (bytes <= MOST_PATH_BYTES) return;
  throw createError({
    code: 'invalid-options',
    message:
      `The path of a Unix socket, ${path}, would be ${bytes} bytes long, and this system takes ${MOST_PATH_BYTES}. ` +
      'Give the option folder of socketTransport(), or TMPDIR, a shorter one.',
    context: { path, bytes, limit: MOST_PATH_BYTES },
  });
}

/** Folders that are there. Where Node ends before anybody closes, they go with it; where it is killed, the guardian removes what it knows of. */
const folders = new Set<string>();

/** `mkdtemp` makes it with mode 0700, whatever the umask, and under a name that was free. Made at once, or Node could end before it knows that it is there. */
export function makePrivateFolder(parent: string): PrivateFolder {
  const folder = mkdtempSync(join(parent, PREFIX));
  if (folders.size === 0) process.on('exit', removeAll);
  folders.add(folder);
  return {
    socketPath: socketIn(folder),
    async remove() {
      await rm(folder, { recursive: true, force: true });
      folders.delete(folder);
      if (folders.size === 0) process.off('exit', removeAll);
    },
  };
}

function removeAll(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

function socketIn(folder: string): string {
  return join(folder, 's');
}
