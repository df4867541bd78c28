import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Caller, ComposedPool } from '../compose/compose-pool.js';
import type { Traces } from '../compose/traces.js';
import { invalidFields } from '../errors/request-error.js';
import type { BoundArguments } from '../functions/bind-arguments.js';
import type { ResolvedGatewayOptions } from '../options.js';
import { callOptions } from './call-options.js';
import { clientGone } from './client-gone.js';
import { asBuffer, toJson } from './json.js';
import { sendStream } from './send-stream.js';
import { cutOffWhenStalled } from './stalled-client.js';
import { formatOf } from './stream-format.js';

interface CallParams {
  readonly name: string;
  readonly id?: string;
}

/** What the routes go by. */
export interface CallRouteOptions extends Pick<ResolvedGatewayOptions, 'stalledClientMs' | 'maxTimeoutMs'> {
  readonly isLeaving: () => boolean;
  /** `undefined` where nobody traces. */
  readonly traces: Traces | undefined;
}

/** `POST /call/:name` and the same in a session. */
export function callRoutes(
  app: FastifyInstance,
  { pool, front, catalogue }: ComposedPool,
  { isLeaving, traces, stalledClientMs, maxTimeoutMs }: CallRouteOptions,
): void {
  app.post<{ Params: CallParams }>('/call/:name', (request, reply) => answer(request, reply, pool));
  app.post<{ Params: CallParams }>('/sessions/:id/call/:name', (request, reply) =>
    answer(request, reply, front.session(request.params.id!)),
  );

  async function answer(
    request: FastifyRequest<{ Params: CallParams }>,
    reply: FastifyReply,
    untraced: Caller,
  ): Promise<FastifyReply> {
    const { name } = request.params;
    const gone = clientGone(request.raw);
    // Before the first worker is up nobody knows what there is. Where none can start, this rejects with why.
    if (!catalogue.known) await pool.ready();
    const served = catalogue.get(name);
    const args = argumentsOf(request, served.arguments);
    const options = { ...callOptions(request.headers, maxTimeoutMs), signal: gone };
    const caller = traces === undefined ? untraced : traces.joined(untraced, request.headers);
    const format = formatOf(request.headers.accept, served.told);
    if (format !== undefined) {
      const ends = { gone, isLeaving, stalledClientMs };
      await sendStream(reply, caller.stream(name, args, options), format, ends);
      return reply;
    }
    sendResult(reply, await caller.call(name, args, options));
    // What the connection did not take at once would be kept as long as its client reads nothing.
    if (reply.raw.writableLength > 0) cutOffWhenStalled(reply.raw, stalledClientMs);
    return reply;
  }
}

function argumentsOf(
  { body, query }: FastifyRequest,
  binder: { ofJson(body: unknown): BoundArguments; ofBytes(body: Uint8Array, query: object): BoundArguments },
): BoundArguments {
  if (Buffer.isBuffer(body)) return binder.ofBytes(body, query as Record<string, unknown>);
  for (const field in query as Record<string, unknown>) throw misplaced(field);
  return binder.ofJson(body ?? undefined);
}

/** What was not looked for would be left out without a word. */
function misplaced(field: string): Error {
  const message = 'is in the query, which is for what goes beside a body of bytes: put it into the body';
  return invalidFields('The arguments cannot be read', [{ field, message }]);
}

function sendResult(reply: FastifyReply, result: unknown): FastifyReply {
  if (result instanceof Uint8Array) return reply.type('application/octet-stream').send(asBuffer(result));
  return reply.type('application/json; charset=utf-8').send(toJson(result));
}
