import { fileURLToPath } from 'node:url';
import { createPythonPool, type PythonPool, type PythonPoolOptions } from 'pypool';
import { commands, type CommandName } from './commands.js';
import { Counters, type ModelCounts } from './counters.js';
import { DspySession, type Shared } from './dspy-session.js';
import { LastAsked } from './last-asked.js';
import type { ModelConfig, ModelInfo } from './program.js';
import { SessionRecords } from './session-records.js';

const HANDLERS = fileURLToPath(new URL('../python/handlers.py', import.meta.url));

/** Options of the pool, but for what it serves, and a few of DSPy. */
export interface DspyOptions extends Omit<PythonPoolOptions, 'module' | 'expose' | 'env'> {
  /**
   * Variables of Node's environment that hold keys, by name or with `*`: workers inherit them, and their values are
   * hidden in all that workers log and fail with. @defaultValue none
   */
  readonly keys?: readonly string[];
  /** The model of sessions that have none of their own. */
  readonly model?: ModelConfig;
  /** More for the environment of workers. */
  readonly env?: Exclude<PythonPoolOptions['env'], undefined | ((...args: never[]) => unknown)>;
}

/** Who answered a ping. */
export interface Pong {
  readonly worker: string;
  readonly slot: number;
  readonly session: string | null;
  readonly dspy: string;
  readonly python: string;
}

/** What a service has done and has. */
export interface DspyStats {
  readonly models: Readonly<Record<string, ModelCounts>>;
  readonly sessions: number;
  readonly programs: number;
  readonly pool: ReturnType<PythonPool['stats']>;
  /** What the worker that was asked keeps: any of them. */
  readonly worker: {
    readonly worker: string;
    readonly programs: { readonly kept: number; readonly built: number; readonly reused: number };
    readonly models: { readonly kept: number };
  };
}

/** DSPy programs behind a pool of workers. */
export class Dspy implements AsyncDisposable {
  readonly pool: PythonPool;
  readonly #shared: Shared;
  readonly #model: LastAsked<ModelConfig>;

  /** For {@link createDspy}. */
  constructor(pool: PythonPool, records: SessionRecords, model: ModelConfig | undefined) {
    this.pool = pool;
    this.#model = new LastAsked(structuredClone(model));
    this.#shared = { pool, records, counters: new Counters(), model: () => this.#model.value };
  }

  /** The door to a session; it begins with its first call. */
  session(id: string): DspySession {
    return new DspySession(id, this.#shared);
  }

  /** Ask any worker whether it answers. */
  ping(): Promise<Pong> {
    return this.pool.call<Pong>('ping');
  }

  /** Choose the model of sessions that have none of their own, as {@link DspySession.configureLm} does for one. */
  async configureLm(model: ModelConfig): Promise<ModelInfo> {
    const chosen = structuredClone(model);
    const keep = this.#model.ask();
    const info = await this.pool.call<ModelInfo>('configure_lm', { model: chosen });
    keep(chosen);
    return info;
  }

  /** Figures of this service, and of the worker that answers. */
  async getStats(): Promise<DspyStats> {
    const worker = await this.pool.call<DspyStats['worker']>('get_stats');
    const { records, counters } = this.#shared;
    return { models: counters.read(), ...records.count(), pool: this.pool.stats(), worker };
  }

  /** Forget all sessions with their programs and models, and the figures; then replace every worker. No call fails by it. */
  async resetState(): Promise<{ readonly sessions: number; readonly programs: number }> {
    const { records, counters } = this.#shared;
    const had = records.count();
    for (const id of records.ids()) this.session(id).cleanup();
    counters.reset();
    await this.pool.reload();
    return had;
  }

  /** A command by its name in the first system of this kind. */
  async execute(
    command: CommandName,
    args: Readonly<Record<string, unknown>> = {},
    options: { readonly sessionId?: string } = {},
  ): Promise<unknown> {
    return commands(this, command, args, options.sessionId);
  }

  /** Finish what runs, then stop. */
  close(options?: Parameters<PythonPool['close']>[0]): Promise<void> {
    return this.pool.close(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Start workers that run DSPy programs. `python` has to have DSPy, as `npm run setup` installs it.
 *
 * Rejects as `createPythonPool()` does.
 */
export async function createDspy(options: DspyOptions = {}): Promise<Dspy> {
  const { keys = [], model, env = {}, sessions, ...forPool } = options;
  const records = new SessionRecords();
  const pool = await createPythonPool({
    name: 'dspy',
    ...forPool,
    module: HANDLERS,
    env: {
      inherit: [...keys, ...(env.inherit ?? [])],
      set: {
        // Or DSPy and LiteLLM ask the network for the prices of models when they are imported.
        LITELLM_LOCAL_MODEL_COST_MAP: 'True',
        ...env.set,
        PYPOOL_DSPY_KEYS: keys.join(','),
      },
    },
    sessions: records.endedBy(sessions),
  });
  return new Dspy(pool, records, model);
}
