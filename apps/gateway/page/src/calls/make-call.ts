import type { LiveFunction } from '../../../src/live/messages.js';
import { readEvents } from '../connect/read-events.js';
import { ProblemError, request, toProblem } from '../connect/request.js';
import type { Arguments } from './arguments.js';

/** A call that the reader wants to be made. */
export interface WantedCall {
  readonly target: LiveFunction;
  readonly given: Exclude<Arguments, { readonly kind: 'wrong' }>;
  readonly session?: string;
  readonly timeoutMs?: number;
}

/** What comes of it: of a stream many items, of a call one value. JSON stays text, for reading it would round large integers. */
export type Answer =
  | { readonly kind: 'value'; readonly json: string }
  | { readonly kind: 'bytes'; readonly bytes: number; readonly blob: Blob }
  | { readonly kind: 'item'; readonly json: string };

/**
 * Make a call through the gateway as any client would.
 *
 * @param signal - leaves the call: Python cancels it
 * @throws ProblemError where it fails.
 */
export async function* makeCall(call: WantedCall, signal: AbortSignal): AsyncGenerator<Answer, void> {
  const { target, session } = call;
  const name = encodeURIComponent(target.name);
  const path =
    session === undefined ? `call/${name}` : `sessions/${encodeURIComponent(session)}/call/${name}`;
  const response = await request(path + queryOf(call), { method: 'POST', signal, ...bodyOf(call) });
  if (target.kind === 'stream') yield* itemsOf(response);
  else yield await valueOf(response);
}

function bodyOf({ target, given, timeoutMs }: WantedCall): RequestInit {
  const headers: Record<string, string> = { accept: target.kind === 'stream' ? 'text/event-stream' : '*/*' };
  if (timeoutMs !== undefined) headers['x-timeout-ms'] = String(timeoutMs);
  if (given.kind === 'bytes')
    return { headers: { ...headers, 'content-type': 'application/octet-stream' }, body: given.body };
  return { headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(given.values) };
}

/** Beside a body of bytes the other arguments stand in the query: text as it is, the rest as JSON. */
function queryOf({ given }: WantedCall): string {
  if (given.kind !== 'bytes') return '';
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(given.values))
    query.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  return query.size === 0 ? '' : `?${query.toString()}`;
}

async function valueOf(response: Response): Promise<Answer> {
  if (/json/.test(response.headers.get('content-type') ?? ''))
    return { kind: 'value', json: await response.text() };
  const blob = await response.blob();
  return { kind: 'bytes', bytes: blob.size, blob };
}

async function* itemsOf({ body }: Response): AsyncGenerator<Answer, void> {
  if (body === null) return;
  for await (const { event, data } of readEvents(body)) {
    if (event === 'end') return;
    // The status was sent before the first item: a stream that fails later says so in its last event.
    if (event === 'error') throw new ProblemError(toProblem(JSON.parse(data), 500));
    yield { kind: 'item', json: data };
  }
  throw new ProblemError({
    status: 0,
    title: 'The connection was lost',
    detail: 'The stream has no end: what came of it is not known.',
  });
}
