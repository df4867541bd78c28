import type { FastifyBaseLogger } from 'fastify';
import { pinoLogs } from '@pypool/telemetry';
import type { ComposedPool } from './compose-pool.js';

/** Put into the log what Python says, and what becomes of workers unasked. */
export function logEvents({ pool, workers }: ComposedPool, log: FastifyBaseLogger): void {
  pinoLogs(workers, log);
  pool.on('worker-ready', ({ workerId, startMs }) => log.info({ workerId, startMs }, 'a worker is ready'));
  pool.on('worker-start-failed', ({ workerId, error, failures, pauseMs }) =>
    log.error({ workerId, failures, pauseMs, code: error.code }, error.message),
  );
  pool.on('circuit-open', ({ failures, pauseMs }) =>
    log.error({ failures, pauseMs }, 'workers cannot be started: calls are refused'),
  );
  pool.on('circuit-closed', ({ openMs }) => log.info({ openMs }, 'workers start again'));
  pool.on('worker-exit', ({ workerId, exit }) => {
    if (exit.reason === 'closed') return;
    const { reason, exitCode, signal } = exit;
    log.warn({ workerId, exitCode, signal }, `a worker was lost: ${reason}`);
  });
  pool.on('reload-failed', ({ error }) => log.error({ code: error.code }, error.message));
  workers.on('launcher-fallback', ({ message }) => log.info(message));
}
