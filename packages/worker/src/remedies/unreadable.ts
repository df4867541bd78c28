import type { PythonError } from '@pypool/protocol';
import { userInWords } from '../launcher/user.js';
import type { ProcessUser } from '../launcher/contract.js';

/** Where a worker may not have what this process may: it was made to run as somebody else. */
export function unreadableFile(error: PythonError, user: ProcessUser | undefined): string {
  if (user === undefined || error.pythonType !== 'PermissionError') return '';
  return `; the worker runs as ${userInWords(user)} (options uid, gid).`;
}

/** Where not even the runtime could be imported by another user. */
export function unreadableRuntime(stderr: readonly string[], user: ProcessUser | undefined): string {
  if (user === undefined || !stderr.some((line) => /No module named 'pypool'|PermissionError/.test(line)))
    return '';
  return (
    ` It runs as ${userInWords(user)} (options uid, gid), who has to be able to read the files of @pypool/worker ` +
    'and to enter each folder above them.'
  );
}
