import { bearerToken } from './token.js';

/** A problem document (RFC 9457), with what the gateway adds to it. */
export interface Problem {
  readonly status: number;
  readonly title: string;
  readonly detail?: string;
  readonly category?: string;
  readonly code?: string;
  readonly outcome?: string;
  readonly retryable?: boolean;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
  readonly [more: string]: unknown;
}

/** An answer that was no success. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail ?? problem.title);
    this.name = 'ProblemError';
    this.problem = problem;
  }
}

/**
 * Ask the gateway, with the token where there is one.
 *
 * @param path - relative to the page, which may stand below a path of a proxy
 * @throws ProblemError where the answer is no success; what `fetch` throws where there is none.
 */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  const token = bearerToken();
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
  const response = await fetch(path, { ...init, headers, cache: 'no-store' });
  if (response.ok) return response;
  throw new ProblemError(await problemOf(response));
}

/** What went wrong, as a problem: the server's own, or that there was no answer. */
export function asProblem(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  // Browsers say no more of a connection than that it failed, each in words of its own.
  const detail =
    error instanceof TypeError
      ? 'No answer came: whether this was done is not known.'
      : error instanceof Error
        ? error.message
        : String(error);
  return { status: 0, title: 'The server cannot be reached', detail };
}

async function problemOf(response: Response): Promise<Problem> {
  const { status, statusText } = response;
  const text = await response.text();
  try {
    // A proxy in between may answer in HTML: that is no problem document.
    if (/json/.test(response.headers.get('content-type') ?? '')) return toProblem(JSON.parse(text), status);
  } catch {
    // Not JSON after all.
  }
  return { status, title: statusText === '' ? `HTTP ${status}` : statusText, detail: text.slice(0, 2000) };
}

/** What a server sent as a problem, whole or not. */
export function toProblem(value: unknown, status: number): Problem {
  const known = typeof value === 'object' && value !== null ? value : { detail: String(value) };
  return { status, title: `HTTP ${status}`, ...known };
}
