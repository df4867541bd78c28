import type { ServerResponse } from 'node:http';

/** Aborts when the client of a request goes before it has its whole answer. */
export function clientGone(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  if (response.destroyed) gone.abort(new Error('the client has gone'));
  response.once('close', () => {
    if (!response.writableFinished) gone.abort(new Error('the client has gone'));
  });
  return gone.signal;
}
