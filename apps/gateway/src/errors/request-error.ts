/** What was wrong with one field of a request. */
export interface FieldError {
  /** A parameter, or a place in one: `points[0].x`; a header: `x-timeout-ms`. */
  readonly field: string;
  readonly message: string;
}

/** A request that the gateway refuses itself: it never came to the pool. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly status: number;
  /** One word to tell it by. */
  readonly code: string;
  readonly errors: readonly FieldError[];

  constructor(status: number, code: string, message: string, errors: readonly FieldError[] = []) {
    super(message);
    this.status = status;
    this.code = code;
    this.errors = errors;
  }
}

/** A request with fields that are wrong: 400, and each of them named. */
export function invalidFields(what: string, errors: readonly FieldError[]): RequestError {
  const fields = errors.map(({ field, message }) => `${field} ${message}`).join('; ');
  return new RequestError(400, 'invalid-arguments', `${what}: ${fields}.`, errors);
}
