import type { LogRecord, Pong, PypoolError, RuntimeEvent, ValueCodec } from '@pypool/protocol';
import type { Remedies } from '../remedies/remedies.js';
import type { CancelGraces } from '../calls/cancel-ladder.js';
import type { OutputLine } from '../output/line-builder.js';
import type { SharingWorker } from '../shared-memory/share-memory.js';
import type { WorkerExit } from './exit.js';
import type { WelcomeFacts } from './handshake.js';

/** Whom a worker tells. None may throw. */
export interface ProcessWorkerObserver {
  /** It takes no more calls; the error is that of a call where it is ended for its sake. Called at most once, before `onExit`. */
  onUnavailable(error: PypoolError): void;
  /** It is reaped and every call of it is answered. Called exactly once. */
  onExit(exit: WorkerExit): void;
  onOutput(stream: 'stdout' | 'stderr', line: OutputLine): void;
  onLog(record: LogRecord): void;
  onEvent(event: RuntimeEvent): void;
  onPong(pong: Pong): void;
  /** It serves on, and is better replaced: more of its calls were interrupted than `maxInterrupts`. Called at most once. */
  onWorn(): void;
}

/** What a worker is made of. */
export interface ProcessWorkerParts {
  readonly process: SharingWorker;
  /** What Python it runs on, for errors; `undefined` where only the launcher knows. */
  readonly interpreter: string | undefined;
  /** What can be done about its errors; `undefined`: nothing is said. */
  readonly remedies?: Remedies | undefined;
  readonly welcome: WelcomeFacts;
  readonly codec: ValueCodec;
  readonly observer: ProcessWorkerObserver;
  readonly maxLineBytes: number;
  readonly cancelGraces: CancelGraces;
  readonly maxInterrupts: number;
}
