import type { PoolCallOptions, PythonPool } from 'pypool';
import type { Counters } from './counters.js';
import { DspyError } from './dspy-error.js';
import type {
  ModelConfig,
  ModelInfo,
  ProgramDefinition,
  ProgramInfo,
  ProgramPart,
  ProgramResult,
} from './program.js';
import type { StoredProgram } from './programs.js';
import type { SessionRecord, SessionRecords } from './session-records.js';

/** What sessions of one service share. */
export interface Shared {
  readonly pool: PythonPool;
  readonly records: SessionRecords;
  readonly counters: Counters;
  /** The model of sessions that have none of their own. */
  readonly model: () => ModelConfig | undefined;
}

/** A program, as lists have it. */
export interface ListedProgram {
  readonly name: string;
  readonly kind: ProgramInfo['kind'];
  readonly createdAt: Date;
}

/** What keeps the answer to a question. */
interface Keeping<T> {
  keep(value: T): void;
  /** There is no answer to come any more. */
  end?(): void;
}

/** Inputs of a program, by name. */
export type Inputs = Readonly<Record<string, unknown>>;

/**
 * The programs of one session. Any worker runs them: a call takes along the definition of its program, the inputs and
 * the model, and a worker keeps nothing that would be missed.
 */
export class DspySession {
  readonly id: string;
  readonly #shared: Shared;

  constructor(id: string, shared: Shared) {
    this.id = id;
    this.#shared = shared;
  }

  /**
   * Choose the model of this session, once Python has found that it can be made and that its key is there. Programs that are running, and those that
   * are called until then, keep the model that there was. Of several choices at once the last that was made holds, whatever order they are answered in.
   *
   * Rejects with a PythonError: `invalid-model`, `no-key`.
   */
  async configureLm(model: ModelConfig): Promise<ModelInfo> {
    const chosen = structuredClone(model);
    const asked = this.#door().call<ModelInfo>('configure_lm', { model: chosen });
    return this.#keep(asked, ({ model: ofSession }) => {
      const keep = ofSession.ask();
      return { keep: () => keep(chosen) };
    });
  }

  /**
   * Give this session a program, in the place of one of that name, once Python has found that it can be built. Of several of one name at once the last
   * that was made holds, and none that was made before its name was deleted.
   *
   * Rejects with a PythonError `invalid-definition`, whose `failure.data.path` says what is wrong.
   */
  async createProgram(name: string, program: ProgramDefinition | string): Promise<ProgramInfo> {
    const definition = typeof program === 'string' ? { signature: program } : structuredClone(program);
    const created = this.#door().call<ProgramInfo>('create_program', { program: definition });
    return this.#keep(created, ({ programs }) => {
      const asked = programs.ask(name);
      return {
        keep: (info) => asked.keep({ definition, info, createdAt: Date.now() }),
        end: () => asked.end(),
      };
    });
  }

  /**
   * Run a program on any worker.
   *
   * Rejects with a DspyError (`no-such-program`, `no-model`), with a PythonError whose `failure.code` says what went wrong
   * (`rate-limit`, `wrong-key`, `invalid-inputs`, ...), or as any call does. The model may have been asked, and paid:
   * whoever does not mind asking twice says `idempotent: true`, and a call whose worker dies is given to another.
   */
  async executeProgram<Outputs = Inputs>(
    name: string,
    inputs: Inputs,
    options?: PoolCallOptions,
  ): Promise<ProgramResult<Outputs>> {
    const { program, model } = this.#ready(name);
    const args = { program: program.definition, inputs, model };
    try {
      const result = await this.#door().call<ProgramResult<Outputs>>('execute_program', args, options);
      this.#shared.counters.done(model.model, result.usage);
      return result;
    } catch (error) {
      this.#shared.counters.failed(model.model, error);
      throw error;
    }
  }

  /**
   * Run a program and take its outputs as they are written: tokens, then the result. Whoever leaves the loop hangs up on
   * the model. Fails as {@link executeProgram} rejects.
   */
  async *streamProgram<Outputs = Inputs>(
    name: string,
    inputs: Inputs,
    options?: PoolCallOptions,
  ): AsyncGenerator<ProgramPart<Outputs>, void, undefined> {
    const { program, model } = this.#ready(name);
    const { counters } = this.#shared;
    const args = { program: program.definition, inputs, model };
    let counted = false;
    try {
      for await (const part of this.#door().stream<ProgramPart<Outputs>>('stream_program', args, options)) {
        if (part.kind === 'result') {
          counters.done(model.model, part.usage);
          counted = true;
        }
        yield part;
      }
    } catch (error) {
      if (!counted) counters.failed(model.model, error);
      counted = true;
      throw error;
    } finally {
      if (!counted) counters.left(model.model);
    }
  }

  /** The programs of this session, in the order in which they were made. */
  listPrograms(): ListedProgram[] {
    const programs = this.#shared.records.find(this.id)?.programs.kept ?? [];
    return [...programs].map(([name, { info, createdAt }]) => ({
      name,
      kind: info.kind,
      createdAt: new Date(createdAt),
    }));
  }

  /**
   * A program of this session: its definition, and what Python says of it.
   *
   * @throws DspyError `no-such-program`
   */
  getProgramInfo(name: string): ProgramInfo & { readonly definition: ProgramDefinition } {
    const { info, definition } = this.#find(name);
    return structuredClone({ ...info, definition });
  }

  /** Forget a program, and let none that is being made under this name take its place. Whether there was one. */
  deleteProgram(name: string): boolean {
    return this.#shared.records.find(this.id)?.programs.delete(name) ?? false;
  }

  /** End this session: its programs are forgotten, and how many there were. What it has running goes on. */
  cleanup(): { readonly programs: number } {
    const programs = this.#shared.records.end(this.id);
    this.#shared.pool.sessions.end(this.id);
    return { programs };
  }

  #door() {
    return this.#shared.pool.session(this.id);
  }

  /**
   * Keep what a call of this session has found right, unless the session was over by then.
   *
   * @param keeping - makes what keeps it, at once: what is asked for now holds against what was before
   */
  async #keep<T>(call: Promise<T>, keeping: (record: SessionRecord) => Keeping<T>): Promise<T> {
    const { pool, records } = this.#shared;
    const record = records.open(this.id);
    const asked = keeping(record);
    try {
      const value = await call;
      if (records.find(this.id) !== record)
        throw new DspyError('session-ended', `The session ${this.id} was ended before its call was.`);
      asked.keep(value);
      return value;
    } finally {
      asked.end?.();
      // A session that was refused, or expired on the way, is told of by nobody.
      if (pool.sessions.get(this.id) === undefined && records.find(this.id) === record) records.end(this.id);
    }
  }

  #find(name: string): StoredProgram {
    const programs = this.#shared.records.find(this.id)?.programs.kept;
    const program = programs?.get(name);
    if (program !== undefined) return program;
    const known = programs === undefined || programs.size === 0 ? 'none' : [...programs.keys()].join(', ');
    throw new DspyError(
      'no-such-program',
      `The session ${this.id} has no program ${name}; it has ${known}. A session that was not used for its ttlMs is over.`,
    );
  }

  #ready(name: string): { program: StoredProgram; model: ModelConfig } {
    const program = this.#find(name);
    const model = this.#shared.records.find(this.id)?.model.value ?? this.#shared.model();
    if (model !== undefined) return { program, model };
    throw new DspyError(
      'no-model',
      `The session ${this.id} has no model: call configureLm(), of the session or for all.`,
    );
  }
}
