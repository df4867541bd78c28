/**
 * Add to an error where its call was awaited, and hand it back.
 *
 * An error of a call is made while a reply is read, so its own stack leads nowhere. Recording a stack with every call would cost more than
 * the rest of the call; instead the async function that the caller awaits catches the error, and V8 knows who awaits that. To be called from
 * the catch of such a function.
 *
 * @param what the function the caller called
 */
export function addCallSite(error: unknown, what: string): unknown {
  const mark = `\n    at --- ${what}() ---`;
  // An error that several calls share keeps the site of the first.
  if (!(error instanceof Error) || typeof error.stack !== 'string' || error.stack.includes('\n    at --- '))
    return error;
  const site: { stack?: string } = {};
  Error.captureStackTrace(site, addCallSite);
  // Without the header and the frame of the catch itself.
  const frames = (site.stack ?? '').split('\n').slice(2);
  if (frames.length > 0) error.stack += `${mark}\n${frames.join('\n')}`;
  return error;
}
