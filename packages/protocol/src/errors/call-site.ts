const MARK = '\n    at --- ';

/**
 * Add to an error where it is awaited, and hand it back. For packages of pypool.
 *
 * An error of a call is made while a reply is read, so its own stack leads nowhere. Recording a stack with every call would cost more than
 * the rest of the call; instead an async function that the caller awaits catches the error, after its first `await`, and V8 knows who awaits
 * that. Calls that succeed pay nothing.
 *
 * @param what - the function that the caller called
 */
export function addCallSite(error: unknown, what: string): unknown {
  // An error that several calls share keeps the site of the first.
  if (!(error instanceof Error) || typeof error.stack !== 'string' || error.stack.includes(MARK))
    return error;
  const site: { stack?: string } = {};
  Error.captureStackTrace(site, addCallSite);
  // Without the header and the frame of the async function that caught it, and without the turn of the loop in which it did.
  const frames = (site.stack ?? '').split('\n').slice(2).filter(isOfUser);
  if (frames.length > 0) error.stack += `${MARK}${what}() ---\n${frames.join('\n')}`;
  return error;
}

function isOfUser(frame: string): boolean {
  return !frame.includes('(node:internal/process/task_queues:');
}
