/** What a field of a signature may be; `str` unless it is said. */
export type FieldType =
  | 'str'
  | 'int'
  | 'float'
  | 'bool'
  | 'list[str]'
  | 'list[int]'
  | 'list[float]'
  | 'dict'
  | { readonly choices: readonly string[] };

/** A field by name alone, or with its type and what it is for. */
export type Field =
  string | { readonly name: string; readonly type?: FieldType; readonly description?: string };

/** `'question, notes: list[str] -> answer'`, or the same at length. */
export type Signature =
  | string
  | {
      /** What the model is told to do. @defaultValue "Given the fields ..., produce the fields ..." */
      readonly instructions?: string;
      readonly inputs: readonly Field[];
      readonly outputs: readonly Field[];
    };

/** One question to the model. */
export interface Predictor {
  /** `chain-of-thought` has the model write a `reasoning` before its outputs. @defaultValue 'predict' */
  readonly kind?: 'predict' | 'chain-of-thought';
  readonly signature: Signature;
  /** Examples of inputs with their outputs, which are shown to the model. */
  readonly demos?: readonly Readonly<Record<string, unknown>>[];
}

/** A program as data: a predictor, or a chain of them. */
export type ProgramDefinition =
  | Predictor
  | {
      readonly kind: 'chain';
      /** In their order; each takes what it names of the program's inputs and of the outputs of those before it. */
      readonly steps: readonly (Predictor & { readonly name: string })[];
    };

/** A language model as data, for DSPy's own `LM`. There is no place for a key in it. */
export interface ModelConfig {
  /** `'gemini/gemini-2.5-flash'`, `'openai/gpt-4o-mini'`: provider and name. */
  readonly model: string;
  /** Where it is served, for a server that speaks the provider's API. @defaultValue the provider's */
  readonly apiBase?: string;
  /**
   * The variable of Node's environment that holds the key; it has to be among `keys` of `createDspy()`. `null`: the
   * server wants none. @defaultValue the provider's own, such as `GEMINI_API_KEY`
   */
  readonly apiKeyEnv?: string | null;
  readonly temperature?: number;
  readonly maxTokens?: number;
  /** How often a request is made again after a rate limit, a failure of the server or of the network. @defaultValue 2 */
  readonly retries?: number;
  /** Longest wait for the next byte of an answer. @defaultValue 30 */
  readonly timeoutSeconds?: number;
  /** Whether a worker may answer from its memory what it was asked before. @defaultValue false */
  readonly cache?: boolean;
  /** `'litellm'`, or `'auto'` where DSPy does not speak to the provider itself, needs `npm run setup -- --litellm`. @defaultValue 'auto' */
  readonly engine?: 'auto' | 'lm15' | 'litellm';
  /** How prompts are written and answers read. @defaultValue 'chat' */
  readonly adapter?: 'chat' | 'json' | 'xml';
  /** Settings of sampling: `top_p`, `top_k`, `stop`, `seed`, `n`, and a few more. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/** What Python says of a model that it can make. */
export interface ModelInfo {
  readonly model: string;
  readonly adapter: string;
  readonly apiBase: string | null;
  /** The name of the variable, where it was given. */
  readonly keyFrom: string | null;
}

/** What Python says of a program that it can build. */
export interface ProgramInfo {
  /** The same for the same definition. */
  readonly digest: string;
  readonly kind: 'predict' | 'chain-of-thought' | 'chain';
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly predictors: readonly {
    readonly name: string;
    readonly signature: string;
    readonly instructions: string;
    readonly demos: number;
  }[];
}

/** Tokens as the provider has counted them; 0 where it says nothing. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** What came of a program. */
export interface ProgramResult<Outputs = Readonly<Record<string, unknown>>> {
  readonly outputs: Outputs;
  readonly usage: Usage;
}

/** A piece of an output's text, as the model writes it. */
export interface ProgramToken {
  readonly kind: 'token';
  readonly field: string;
  /** Of a chain. */
  readonly step: string | null;
  readonly text: string;
}

/** What a streamed program yields: tokens of the outputs that are text, then its result. */
export type ProgramPart<Outputs = Readonly<Record<string, unknown>>> =
  ProgramToken | ({ readonly kind: 'result' } & ProgramResult<Outputs>);
