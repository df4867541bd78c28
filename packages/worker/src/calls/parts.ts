import type { ValueCodec, Welcome } from '@pypool/protocol';
import type { Connection } from '@pypool/transport';
import type { Remedies } from '../remedies/remedies.js';
import type { Inspector } from '../stacks/inspector.js';
import type { CancelGraces } from './cancel-ladder.js';

/** What a `CallRunner` is made of. */
export interface CallRunnerParts {
  readonly workerId: string;
  readonly pid: number;
  readonly concurrency: number;
  readonly codec: ValueCodec;
  /** What can be done about the errors of calls; `undefined`: nothing is said. */
  readonly remedies?: Remedies | undefined;
  readonly connection: Connection;
  /** Tells where calls are whose time is over. */
  readonly inspector: Inspector;
  readonly graces: CancelGraces;
  /** Interrupted calls after which {@link CallRunnerParts.onWorn} is told. */
  readonly maxInterrupts: number;
  /** How the process runs calls, and so what reaches their code. */
  readonly engine: Welcome['engine'];
  /** Signal the process group. */
  readonly signal: (signal: 'SIGINT' | 'SIGTERM') => void;
  /** It is to be given no more calls, since one of those that it has may be ended only with it. Told once. */
  readonly onYield: () => void;
  /** After that, it has answered all that it had. */
  readonly onVacated: () => void;
  /** The process has to end: a call of it goes on, or may be followed by a signal that was meant for it. */
  readonly onMustEnd: () => void;
  /** More calls of it were interrupted than is good for a process. Told once. */
  readonly onWorn: () => void;
}
