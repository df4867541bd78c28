import type { FastifyInstance } from 'fastify';
import { refuseLargeIntegers } from '../functions/large-integers.js';

/** Take JSON as Fastify does, which refuses what would change prototypes, and refuse besides what it cannot hold as it is. */
export function exactJsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, text, done) => {
    void parse(request, text, (error, body: unknown) => {
      if (error !== null) return done(error);
      try {
        refuseLargeIntegers(text, body);
      } catch (refusal) {
        return done(refusal as Error);
      }
      done(null, body);
    });
  });
}
