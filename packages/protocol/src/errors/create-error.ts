import { CATEGORY_OF, type ErrorCategory, type PypoolError, type PypoolErrorDetails } from './error.js';
import {
  AbortError,
  CommunicationError,
  ResourceError,
  SystemError,
  TimeoutError,
  UsageError,
} from './errors.js';
import { PythonError } from './python-error.js';

const CLASS_OF: Record<ErrorCategory, new (details: PypoolErrorDetails) => PypoolError> = {
  usage: UsageError,
  timeout: TimeoutError,
  cancelled: AbortError,
  resource: ResourceError,
  communication: CommunicationError,
  python: PythonError,
  system: SystemError,
};

/** Make an error of the class that its code belongs to. */
export function createError(details: PypoolErrorDetails): PypoolError {
  return new CLASS_OF[CATEGORY_OF[details.code]](details);
}
