import { mkdtemp, rm } from 'node:fs/promises';
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

/** `mkdtemp` makes it with mode 0700, whatever the umask, and under a name that was free. */
export async function makePrivateFolder(parent: string): Promise<PrivateFolder> {
  const folder = await mkdtemp(join(parent, PREFIX));
  return {
    socketPath: socketIn(folder),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

function socketIn(folder: string): string {
  return join(folder, 's');
}
