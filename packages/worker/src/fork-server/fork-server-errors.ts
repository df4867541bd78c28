import { createError, type PypoolError } from '@pypool/protocol';
import type { LaunchFallback } from '../launcher/contract.js';
import { startFailed } from '../life/start-error.js';
import type { ForkServerProcess } from './fork-server-process.js';

/** The process ended that was to import the modules: for each worker that waited for it, as if it had been its own. */
export async function importEnded(
  server: ForkServerProcess,
  workerId: string,
  interpreter: string | undefined,
): Promise<PypoolError> {
  const exit = await server.ended;
  const { pythonStack } = server.output;
  return startFailed({ workerId, interpreter, ...server.progress, exit, pythonStack, reason: undefined }, '');
}

/** The operating system would not fork, or what was forked did not live. */
export function notForked(message: string): PypoolError {
  return createError({ code: 'start-failed', message: `The fork server could not fork: ${message}.` });
}

/** It may not be forked, and nothing else was wanted. */
export function unsafe({ message, reasons }: LaunchFallback): PypoolError {
  return createError({ code: 'start-failed', message, retryable: false, context: { hazards: reasons } });
}

/** Told to whoever comes too late. */
export function closed(): PypoolError {
  return createError({ code: 'start-failed', message: 'The launcher has been closed.', retryable: false });
}

/** The transport is of no use with it. */
export function cannotInherit(transport: string): PypoolError {
  return createError({
    code: 'invalid-options',
    message: `The launcher fork-server cannot use the transport ${transport}: its workers are forked by another process and inherit nothing of this one. Use one that they dial, socketTransport() of @pypool/transport-socket, or leave out the option transport.`,
    context: { launcher: 'fork-server', transport },
  });
}
