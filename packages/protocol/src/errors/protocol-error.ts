import { CommunicationError } from './errors.js';

/** The peer sent something that SPEC.md forbids. The connection is beyond repair, and what became of its calls unknown. */
export function protocolError(
  message: string,
  context?: Readonly<Record<string, unknown>>,
  cause?: unknown,
): CommunicationError {
  return new CommunicationError({
    code: 'protocol',
    message: `Malformed data from the peer: ${message}`,
    outcome: 'unknown',
    ...(context && { context }),
    cause,
  });
}
