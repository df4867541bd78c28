import { checkOptions, createError } from '@pypool/protocol';
import { z } from 'zod';

/**
 * Which environment variables a worker gets beyond those that every worker has.
 *
 * Inherited always: PATH, HOME, USER, LOGNAME, LANG, LC_*, TZ, TMPDIR, SSL_CERT_FILE, SSL_CERT_DIR, VIRTUAL_ENV, CONDA_PREFIX, PYENV_ROOT,
 * PYENV_VERSION, PYTHONPATH; without HOME, USER and LOGNAME where `uid` makes it another user's. Unless inherited or set otherwise PYTHONFAULTHANDLER is 1, and OMP_NUM_THREADS, OPENBLAS_NUM_THREADS,
 * MKL_NUM_THREADS, NUMEXPR_NUM_THREADS, VECLIB_MAXIMUM_THREADS and RAYON_NUM_THREADS are what the option `threads` says.
 */
export interface EnvOption {
  /**
   * Names to take over from this process, as they are or with `*` for any characters: `['OPENAI_*', 'AWS_REGION']`. Names that
   * are not set here are left out.
   *
   * @defaultValue `[]`
   */
  readonly inherit?: readonly string[];
  /** Variables to set. Wins over everything inherited. @defaultValue `{}` */
  readonly set?: Readonly<Record<string, string>>;
}

/**
 * What every worker inherits: where programs, the home and temporary files are, language, time zone and certificates, and what
 * selects an interpreter and its modules.
 *
 * PYTHONPATH is among the latter: a module that imports in one's shell should import in a worker. Nothing that commonly holds a secret
 * is here, and nothing that changes how libraries are loaded; such names are for `inherit`.
 */
const ALWAYS_INHERITED = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'LANG',
  'LC_*',
  'TZ',
  'TMPDIR',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'VIRTUAL_ENV',
  'CONDA_PREFIX',
  'PYENV_ROOT',
  'PYENV_VERSION',
  'PYTHONPATH',
];

/** Those that are about the user: without them Python looks up in the system's list of users whose process it is. */
const OF_USER: ReadonlySet<string> = new Set(['HOME', 'USER', 'LOGNAME']);

/** What tells libraries in native code how many threads to start; each otherwise starts one for each core. */
const THREAD_LIMITS = [
  'OMP_NUM_THREADS',
  'OPENBLAS_NUM_THREADS',
  'MKL_NUM_THREADS',
  'NUMEXPR_NUM_THREADS',
  'VECLIB_MAXIMUM_THREADS',
  'RAYON_NUM_THREADS',
];

const name = z.string().regex(/^[^=\0]+$/, 'not the name of an environment variable');
const value = z.string().regex(/^[^\0]*$/, 'a value cannot hold a NUL character');
const schema = z.strictObject({
  inherit: z.array(name).optional(),
  set: z.record(name, value).optional(),
});

/** What else an environment depends on. */
export interface EnvironmentFacts {
  /** Threads of each native library; `false`: as many as it likes. @defaultValue 1 */
  readonly threads?: number | false;
  /** The worker runs as another user, whose home and name are not these. @defaultValue false */
  readonly ofOtherUser?: boolean;
  /** Where names are inherited from. @defaultValue `process.env` */
  readonly source?: NodeJS.ProcessEnv;
}

/**
 * The whole environment of a worker.
 *
 * @throws PypoolError `invalid-options`.
 */
export function resolveEnvironment(
  option: EnvOption = {},
  { threads = 1, ofOtherUser = false, source = process.env }: EnvironmentFacts = {},
): Readonly<Record<string, string>> {
  const { inherit = [], set = {} } = checkOptions('env', schema, option);
  const always = ofOtherUser ? ALWAYS_INHERITED.filter((key) => !OF_USER.has(key)) : ALWAYS_INHERITED;
  const inherited = namesMatching([...always, ...inherit]);
  // The runtime is started with it anyway; so are the Python processes that a handler starts.
  const env: Record<string, string> = { PYTHONFAULTHANDLER: '1' };
  if (threads !== false) for (const key of THREAD_LIMITS) env[key] = String(threads);
  for (const [key, text] of Object.entries(source)) {
    if (text !== undefined && inherited.test(key)) env[key] = text;
  }
  return Object.freeze({ ...env, ...set });
}

/**
 * What the option says for a slot.
 *
 * @throws PypoolError `invalid-options` where a function of the slot throws.
 */
export function environmentOfSlot(
  env: EnvOption | ((facts: { readonly slot: number }) => EnvOption) | undefined,
  slot: number,
): EnvOption | undefined {
  if (typeof env !== 'function') return env;
  try {
    return env({ slot });
  } catch (cause) {
    throw createError({
      code: 'invalid-options',
      message: `Option env threw for slot ${slot}: ${cause instanceof Error ? cause.message : String(cause)}`,
      context: { slot },
      cause,
    });
  }
}

function namesMatching(globs: readonly string[]): RegExp {
  const patterns = globs.map((glob) => glob.split('*').map(escapeRegExp).join('.*'));
  return new RegExp(`^(?:${patterns.join('|')})$`, 's');
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
