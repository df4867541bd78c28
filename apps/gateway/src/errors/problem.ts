import { isPypoolError, type PypoolError } from '@pypool/protocol';
import { toJson } from '../http/json.js';
import { httpStatus } from './http-status.js';
import { RequestError, type FieldError } from './request-error.js';

/** An error as RFC 9457 writes it, `application/problem+json`, with what pypool knows of it. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** One of pypool's categories, or `request`: the gateway refused it itself. */
  readonly category: string;
  readonly code: string;
  /** `not-started`: it never ran. `unknown`: it may have. `finished`: the function had ended. */
  readonly outcome: 'not-started' | 'unknown' | 'finished';
  /** The same request may well succeed in a moment, and it did not run. */
  readonly retryable: boolean;
  /** What is wrong with which field. */
  readonly errors?: readonly FieldError[];
  /** The exception in Python, without its traceback: that is for those who see the page. */
  readonly exception?: { readonly type: string; readonly module: string };
  /** What the function raised as `pypool.Fail`. */
  readonly failure?: { readonly code: string; readonly data: unknown };
}

export const PROBLEM_TYPE = 'application/problem+json';

/** A problem as JSON. What a function has put in its failure, and JSON has no place for, is left out. */
export function problemJson(problem: Problem): string {
  try {
    return toJson(problem);
  } catch {
    const { failure, ...others } = problem;
    return toJson(
      failure === undefined ? others : { ...others, failure: { code: failure.code, data: null } },
    );
  }
}

/** What the client is told of anything that was thrown. What is none of pypool's, of Fastify's or our own is not told at all. */
export function problemOf(error: unknown): Problem {
  if (isPypoolError(error)) return ofPool(error);
  if (error instanceof RequestError) return ofRequest(error.status, error.code, error.message, error.errors);
  if (isOfFastify(error)) return ofRequest(error.statusCode, codeOf(error.code), error.message);
  return {
    ...named('internal', 500, 'Something went wrong in the gateway; its log says what.'),
    category: 'system',
    outcome: 'unknown',
    retryable: false,
  };
}

/**
 * The folders of absolute paths: where things are on this machine, such as the interpreter, is for its log. Of each the last name is left. The name of
 * a folder may be of several words: rather a word too many is left out than a folder told.
 */
const FOLDERS =
  /(?<![\w./~-])(?!(?<=:)\/\/)(?:\/[^\s/"'`,;:()]+(?: [^\s/"'`,;:()]+){0,8})*\/(?=[^\s/"'`,;:()])/g;

/** What leads over to lines that are left out. */
const LEAD = /(?<=[.!?]) [^.!?]*:$/;

function ofPool(error: PypoolError): Problem {
  // From its second line on a message quotes what Python printed.
  const [first = '', ...quoted] = error.message.split('\n', 2);
  const line = quoted.length === 0 ? first : first.replace(LEAD, '');
  // What the function itself says is its own.
  const detail = error.category === 'python' ? line : line.replaceAll(FOLDERS, '');
  return {
    ...named(error.code, httpStatus(error), detail),
    category: error.category,
    outcome: error.outcome,
    retryable: error.retryable,
    ...exceptionOf(error),
  };
}

function exceptionOf(error: PypoolError): Pick<Problem, 'exception' | 'failure'> {
  const { pythonType, pythonModule, failure } = error as Partial<{
    pythonType: string;
    pythonModule: string;
    failure: Problem['failure'];
  }>;
  return {
    ...(pythonType !== undefined && { exception: { type: pythonType, module: pythonModule ?? 'builtins' } }),
    ...(failure !== undefined && { failure }),
  };
}

function ofRequest(
  status: number,
  code: string,
  detail: string,
  errors: readonly FieldError[] = [],
): Problem {
  return {
    ...named(code, status, detail),
    category: 'request',
    outcome: 'not-started',
    retryable: false,
    ...(errors.length > 0 && { errors }),
  };
}

function named(
  code: string,
  status: number,
  detail: string,
): Pick<Problem, 'type' | 'title' | 'status' | 'detail' | 'code'> {
  const words = code.replaceAll('-', ' ');
  return {
    type: `urn:pypool:error:${code}`,
    title: words[0]!.toUpperCase() + words.slice(1),
    status,
    detail,
    code,
  };
}

interface FastifyError {
  readonly code: string;
  readonly statusCode: number;
  readonly message: string;
}

function isOfFastify(error: unknown): error is FastifyError {
  const { code, statusCode } = (error ?? {}) as Partial<FastifyError>;
  return typeof code === 'string' && typeof statusCode === 'number' && statusCode < 500;
}

/** What Fastify calls its errors, in our words. */
const FASTIFY_CODES: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_NOT_FOUND: 'not-found',
};

function codeOf(code: string): string {
  return FASTIFY_CODES[code] ?? 'bad-request';
}
