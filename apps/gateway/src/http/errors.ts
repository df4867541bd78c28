import type { FastifyInstance } from 'fastify';
import { PROBLEM_TYPE, problemOf } from '../errors/problem.js';
import { RequestError } from '../errors/request-error.js';

/** Answer whatever goes wrong with a problem document. */
export function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    if (problem.code === 'internal') request.log.error({ err: error }, 'a request failed');
    if (problem.status === 503 && problem.retryable) reply.header('retry-after', '1');
    return reply.status(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(problem));
  });
  app.setNotFoundHandler(({ method, url }) => {
    throw new RequestError(404, 'not-found', `There is no ${method} ${url.split('?', 1)[0]}.`);
  });
}
