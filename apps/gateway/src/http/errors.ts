import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { PROBLEM_TYPE, problemJson, problemOf } from '../errors/problem.js';
import { RequestError } from '../errors/request-error.js';

/** Answer what went wrong with a problem document. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = problemOf(error);
  if (problem.code === 'internal') request.log.error({ err: error }, 'a request failed');
  if (problem.status === 503 && problem.retryable) reply.header('retry-after', '1');
  void reply.status(problem.status).type(PROBLEM_TYPE).send(problemJson(problem));
}

/** Answer whatever goes wrong with one. */
export function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler(answerError);
  app.setNotFoundHandler(({ method, url }) => {
    throw new RequestError(404, 'not-found', `There is no ${method} ${url.split('?', 1)[0]}.`);
  });
}
