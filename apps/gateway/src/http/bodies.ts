import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RequestError } from '../errors/request-error.js';
import { refuseLargeNumbers } from '../functions/large-numbers.js';

/** Read bodies of JSON and of bytes as they are, or refuse them: nothing that a client has sent is changed on the way. */
export function readBodies(app: FastifyInstance): void {
  // It refuses what would change prototypes.
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();

  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    // Many clients name the type of a body that they do not send.
    if (bytes.length === 0) return done(null, undefined);
    const refused = refusalOfEncoding(request) ?? refusalOfText(bytes);
    if (refused !== undefined) return done(refused);
    const text = bytes.toString();
    void parse(request, text, (error, body: unknown) => {
      if (error !== null) return done(refusalOfJson(text));
      try {
        refuseLargeNumbers(text, body);
      } catch (refusal) {
        return done(refusal as Error);
      }
      done(null, body);
    });
  });

  // No copy, no base64.
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (request, bytes, done) =>
    done(refusalOfEncoding(request) ?? null, bytes),
  );

  app.addContentTypeParser('*', ({ headers }, _payload, done) => {
    if (headers['content-length'] === '0') return done(null, undefined);
    const type = headers['content-type'];
    done(
      unsupported(
        `A body ${type === undefined ? 'without a content-type' : `of ${type}`} cannot be read: send application/json, or bytes as application/octet-stream.`,
      ),
    );
  });
}

/** What is compressed would be taken for what it is compressed of. */
function refusalOfEncoding({ headers }: FastifyRequest): RequestError | undefined {
  const encoding = headers['content-encoding'];
  return encoding === undefined || encoding === 'identity'
    ? undefined
    : unsupported(`The body is encoded (${encoding}): send it as it is.`);
}

/** Bytes that are no UTF-8 would be replaced, and nobody would notice. */
function refusalOfText(bytes: Buffer): RequestError | undefined {
  return isUtf8(bytes) ? undefined : new RequestError(400, 'malformed-json', 'The body is not UTF-8.');
}

/** Of what is wrong the parser says nothing. */
function refusalOfJson(text: string): RequestError {
  let reason = 'It has a key that would change prototypes (__proto__, or prototype in a constructor).';
  try {
    JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    reason = `${(error as SyntaxError).message}.`;
  }
  return new RequestError(400, 'malformed-json', `The body is no JSON that can be read: ${reason}`);
}

function unsupported(message: string): RequestError {
  return new RequestError(415, 'unsupported-media-type', message);
}
