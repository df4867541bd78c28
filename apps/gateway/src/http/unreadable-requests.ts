import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { PROBLEM_TYPE, problemJson, problemOf } from '../errors/problem.js';
import { RequestError } from '../errors/request-error.js';

/** What Node keeps at the socket: the answer whose turn it is. Its own handler of such errors looks at it, too. */
interface HttpSocket extends Socket {
  readonly _httpMessage?: ServerResponse | null;
}

/**
 * Answer what Node cannot read as HTTP, or has waited too long for, with a problem document, and end its connection.
 *
 * Where a request before it is still being answered nothing is said: the client would take it for that answer, which says that nothing ran.
 */
export function answerUnreadable({ code }: Error & { readonly code?: string }, socket: Socket): void {
  // One that was reset takes nothing more.
  if (code !== 'ECONNRESET' && socket.writable && !isBeingAnswered(socket)) {
    const problem = problemOf(refusalOf(code));
    const body = problemJson(problem);
    const head = [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
      `content-type: ${PROBLEM_TYPE}; charset=utf-8`,
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  }
  socket.destroySoon();
}

/** Whether it is the turn of an answer that is of another request than the one that cannot be read: that one has not arrived. */
function isBeingAnswered({ _httpMessage: response }: HttpSocket): boolean {
  return response != null && (response.req.complete || response.headersSent);
}

function refusalOf(code: string | undefined): RequestError {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new RequestError(408, 'bad-request', 'The request took too long to arrive.');
    case 'HPE_HEADER_OVERFLOW':
      return new RequestError(431, 'bad-request', 'The headers of the request are too long.');
    default:
      return new RequestError(400, 'bad-request', 'The request is not HTTP/1.1 that can be read.');
  }
}
