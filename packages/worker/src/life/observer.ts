import type { LogRecord, Pong, PypoolError, RuntimeEvent } from '@pypool/protocol';
import type { OutputLine } from '../output/line-reader.js';
import type { WorkerExit } from './exit.js';

/** Whom a worker tells. None may throw. */
export interface ProcessWorkerObserver {
  /** It takes no more calls. Called at most once, before `onExit`. */
  onUnavailable(error: PypoolError): void;
  /** It is reaped and every call of it is answered. Called exactly once. */
  onExit(exit: WorkerExit): void;
  onOutput(stream: 'stdout' | 'stderr', line: OutputLine): void;
  onLog(record: LogRecord): void;
  onEvent(event: RuntimeEvent): void;
  onPong(pong: Pong): void;
}
