import type { FastifyInstance } from 'fastify';
import type { SessionPool } from '@pypool/sessions';
import { RequestError } from '../errors/request-error.js';

/** Sessions that one answer lists. */
const MAX_LISTED = 1_000;

/** `GET /sessions`, `GET` and `DELETE /sessions/:id`. A session begins with its first call. */
export function sessionRoutes(app: FastifyInstance, { sessions }: SessionPool): void {
  app.get('/sessions', async () => {
    const all = sessions.list();
    return { open: all.length, sessions: all.slice(0, MAX_LISTED) };
  });

  app.get<{ Params: { id: string } }>('/sessions/:id', async ({ params: { id } }) => {
    const session = sessions.get(id);
    if (session === undefined) throw noSession(id);
    return session;
  });

  app.delete<{ Params: { id: string } }>('/sessions/:id', async ({ params: { id } }, reply) => {
    if (!sessions.end(id)) throw noSession(id);
    return reply.status(204).send();
  });
}

function noSession(id: string): RequestError {
  return new RequestError(404, 'no-such-session', `There is no open session ${JSON.stringify(id)}.`);
}
