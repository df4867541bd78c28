import type { WelcomeRlimit } from '@pypool/protocol';
import { z } from 'zod';

/** One limit of the kernel: soft and hard alike, or each; `Infinity`: unlimited. Whole numbers of the limit's own unit, see {@link RlimitsOption}. */
export type Rlimit =
  | number
  | {
      /** What holds. The process may raise it itself, up to `hard`. */
      readonly soft: number;
      /** How far. At least `soft`. @defaultValue as this process has it */
      readonly hard?: number;
    };

/**
 * Limits of the kernel for each worker process, and for what it starts: `setrlimit(2)`, by the names of Python's `resource` without RLIMIT_. Not every
 * system has each; a worker that cannot set one does not start. No process may raise a hard limit but root's.
 */
export interface RlimitsOption {
  /**
   * Address space, in bytes. Not memory: libraries map several times what they use, and where it runs out their C code may abort rather
   * than raise MemoryError (torch in 400 MiB does); with CUDA it is of no use. `maxMemoryBytes` of a pool is what limits memory.
   */
  readonly as?: Rlimit;
  /** Largest core dump, in bytes. 0: none. */
  readonly core?: Rlimit;
  /** CPU time in seconds, of all threads, over a worker's whole life: SIGXCPU at `soft`, SIGKILL at `hard`. */
  readonly cpu?: Rlimit;
  /** Data segment, in bytes: heap and private writable mappings. */
  readonly data?: Rlimit;
  /** Largest file that can be written, in bytes; beyond it writes raise OSError (EFBIG). */
  readonly fsize?: Rlimit;
  /** Memory that can be locked, in bytes. */
  readonly memlock?: Rlimit;
  /** POSIX message queues, in bytes. */
  readonly msgqueue?: Rlimit;
  /** Ceiling of the nice value, as 20 minus it. */
  readonly nice?: Rlimit;
  /** Open files and sockets: one more than the highest descriptor. The runtime itself has up to 10. */
  readonly nofile?: Rlimit;
  /** Processes and threads of the *user* that the worker runs as, wherever they were started. Means nothing to root. */
  readonly nproc?: Rlimit;
  /** Resident memory, in bytes. Linux does nothing about it. */
  readonly rss?: Rlimit;
  /** Ceiling of the real-time priority. */
  readonly rtprio?: Rlimit;
  /** CPU time between two system calls that block, of a process with real-time scheduling, in microseconds. */
  readonly rttime?: Rlimit;
  /** Signals that can be queued. */
  readonly sigpending?: Rlimit;
  /** Stack of the main thread, in bytes; also what each thread gets of programs that a worker starts. */
  readonly stack?: Rlimit;
}

const amount = z.union([z.int().min(0), z.literal(Infinity)], {
  error: 'expected a whole number of at least 0, or Infinity',
});
const rlimit = z
  .union(
    [
      amount,
      z
        .strictObject({ soft: amount, hard: amount.optional() })
        .refine(({ soft, hard = soft }) => soft <= hard, { error: 'soft is above hard' }),
    ],
    {
      error: 'expected a whole number of at least 0, Infinity, or { soft, hard } of these with soft <= hard',
    },
  )
  .optional();

/** What checks {@link RlimitsOption}. */
export const rlimitsSchema = z.strictObject({
  as: rlimit,
  core: rlimit,
  cpu: rlimit,
  data: rlimit,
  fsize: rlimit,
  memlock: rlimit,
  msgqueue: rlimit,
  nice: rlimit,
  nofile: rlimit,
  nproc: rlimit,
  rss: rlimit,
  rtprio: rlimit,
  rttime: rlimit,
  sigpending: rlimit,
  stack: rlimit,
} satisfies Record<keyof RlimitsOption, z.ZodType>);

/** What WELCOME says of them: -1 is unlimited, as in C, and a hard limit of `null` stays what it is. */
export function rlimitsForWelcome(rlimits: RlimitsOption): readonly WelcomeRlimit[] {
  return Object.entries(rlimits as Record<string, Rlimit | undefined>).flatMap(([name, limit]) => {
    if (limit === undefined) return [];
    const { soft, hard } = typeof limit === 'number' ? { soft: limit, hard: limit } : limit;
    return [{ name, soft: finite(soft), hard: hard === undefined ? null : finite(hard) }];
  });
}

function finite(amount: number): number {
  return amount === Infinity ? -1 : amount;
}
