import { checkOptions } from '@pypool/protocol';
import { z } from 'zod';
import type { GuardianLoss } from '../launcher/guardian.js';
import { TOLERABLE, type ForkHazard } from './fork-hazards.js';

/** Options of {@link forkServer}. */
export interface ForkServerOptions {
  /**
   * Modules to import before those that are served, by dotted name: what handlers would else import at their first call.
   *
   * @defaultValue none
   */
  readonly preload?: readonly string[];
  /**
   * What to do where the process cannot be forked safely after the import: start each worker as a process of its own, or have starts fail.
   *
   * @defaultValue `'spawn'`
   */
  readonly ifUnsafe?: 'spawn' | 'fail';
  /**
   * Hazards to live with: `'python-threads'`, `'native-threads'`, `'cuda'`, `'event-loop'`, `'socket'`, `'file'`. Workers do not have the threads, and share what is
   * open; whether that goes well is for you to know.
   *
   * @defaultValue none
   */
  readonly tolerate?: readonly (typeof TOLERABLE)[number][];
  /**
   * Interpreter: a file, the folder of a virtual environment, or a name that is looked up in PATH.
   *
   * @defaultValue the one that was found for the modules
   */
  readonly python?: string;
  /** Called when the guardian died; it is replaced, up to five times a minute. */
  readonly onGuardianLoss?: (loss: GuardianLoss) => void;
  /**
   * Folder that holds the Python package `pypool`, for bundles that move it.
   *
   * @defaultValue the one that travels in this package
   */
  readonly runtimeDir?: string;
}

/** {@link ForkServerOptions} with what has a constant default filled in. */
export type ResolvedForkServerOptions = ForkServerOptions & {
  readonly preload: readonly string[];
  readonly ifUnsafe: 'spawn' | 'fail';
  readonly tolerate: readonly ForkHazard[];
};

const schema = z.strictObject({
  preload: z.array(z.string().min(1)).optional(),
  ifUnsafe: z.enum(['spawn', 'fail']).optional(),
  tolerate: z.array(z.enum(TOLERABLE)).optional(),
  python: z.string().min(1).optional(),
  onGuardianLoss: z.custom<(loss: GuardianLoss) => void>((value) => typeof value === 'function').optional(),
  runtimeDir: z.string().min(1).optional(),
} satisfies Record<keyof ForkServerOptions, z.ZodType>);

/** @throws PypoolError `invalid-options` */
export function resolveForkServerOptions(options: ForkServerOptions): ResolvedForkServerOptions {
  checkOptions('forkServer()', schema, options);
  const { preload = [], ifUnsafe = 'spawn', tolerate = [] } = options;
  return Object.freeze({ ...options, preload, ifUnsafe, tolerate });
}
