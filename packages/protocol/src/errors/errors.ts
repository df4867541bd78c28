import { nameErrors, PypoolError } from './error.js';

/*
 * Error
 * └─ PypoolError                 code, category, outcome, retryable, context, cause
 *    ├─ UsageError               the call or the options are wrong; making it again changes nothing
 *    ├─ TimeoutError             a budget ran out: which one is the code
 *    ├─ AbortError               the caller's signal; `cause` is its reason
 *    ├─ ResourceError            no worker, no room, no session, or the pool is closed
 *    ├─ CommunicationError       the worker died, fell silent, or broke the protocol
 *    ├─ PythonError              the handler raised; see python-error.ts
 *    └─ SystemError              this platform, or pypool itself
 */

/** The call or the options are wrong, and stay wrong however often it is tried. */
export class UsageError extends PypoolError {
  static {
    nameErrors(this, 'UsageError');
  }
}

/** A budget of time ran out; the code says which. */
export class TimeoutError extends PypoolError {
  static {
    nameErrors(this, 'TimeoutError');
  }
}

/** The caller's signal ended the call. Named like the platform's own, so that code that tests `error.name` keeps working. */
export class AbortError extends PypoolError {
  static {
    nameErrors(this, 'AbortError');
  }
}

/** Something that passes stood in the way: no worker, no room, a busy session; or the pool is closed. */
export class ResourceError extends PypoolError {
  static {
    nameErrors(this, 'ResourceError');
  }
}

/** The worker died, fell silent, or spoke nonsense. */
export class CommunicationError extends PypoolError {
  static {
    nameErrors(this, 'CommunicationError');
  }
}

/** This platform cannot do it, or pypool itself is at fault. */
export class SystemError extends PypoolError {
  static {
    nameErrors(this, 'SystemError');
  }
}
