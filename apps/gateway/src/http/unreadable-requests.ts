import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { PROBLEM_TYPE, problemJson, problemOf } from '../errors/problem.js';
import { RequestError } from '../errors/request-error.js';

/** Answer what Node cannot read as HTTP, or has waited too long for, with a problem document, and end its connection. */
export function answerUnreadable({ code }: Error & { readonly code?: string }, socket: Socket): void {
  // One that was reset takes nothing more.
  if (code !== 'ECONNRESET' && socket.writable) {
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
