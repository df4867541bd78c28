const MARK = '\n    at --- ';

/**
 * A promise that rejects with an error, to which the stack of those who await it has been added. For packages of pypool.
 *
 * An error of a call is made while a reply is read, so its own stack leads nowhere. Recording a stack with every call would cost more than
 * the rest of the call; instead a call that fails resolves its promise with this one, and V8 knows who awaits that. Nothing is paid by calls
 * that succeed.
 *
 * @param what - the function that the caller called
 */
export async function rejectWithSite(error: Error, what: string): Promise<never> {
  // Two turns: in the first the caller's promise has yet to learn that it waits for this one.
  await Promise.resolve();
  await Promise.resolve();
  throw addCallSite(error, what);
}

/**
 * Add to an error where it is awaited, and hand it back. To be called from an async function that the caller awaits, after its first
 * `await`.
 *
 * @param what - the function that the caller called
 */
export function addCallSite(error: unknown, what: string): unknown {
  // An error that several calls share keeps the site of the first.
  if (!(error instanceof Error) || typeof error.stack !== 'string' || error.stack.includes(MARK))
    return error;
  const site: { stack?: string } = {};
  Error.captureStackTrace(site, addCallSite);
  // Without the header and the frame of our own async function, and without the turn of the loop in which that runs.
  const frames = (site.stack ?? '').split('\n').slice(2).filter(isOfUser);
  if (frames.length > 0) error.stack += `${MARK}${what}() ---\n${frames.join('\n')}`;
  return error;
}

function isOfUser(frame: string): boolean {
  return !frame.includes('(node:internal/process/task_queues:');
}
