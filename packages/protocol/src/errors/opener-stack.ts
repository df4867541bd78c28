/**
 * Where something is being opened, as the lines of a stack. For packages of pypool: what takes it for everything that is opened makes that
 * cost some 10 µs more.
 *
 * A text, and not an error that makes it when it is looked at: that would keep alive the objects whose methods are on the stack.
 *
 * @param owner - what it is opened with
 * @param method - of the owner, which its user called: the first line is of whoever did
 */
export function openerStack<Owner extends object>(owner: Owner, method: keyof Owner): string {
  const site: { stack?: string } = {};
  Error.captureStackTrace(site, owner[method] as (...args: never[]) => unknown);
  return (site.stack ?? '').split('\n').slice(1).join('\n');
}
