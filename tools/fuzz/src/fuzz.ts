import { Random } from '../../chaos/src/random.js';
import { inputOf, passesHeader } from './inputs/input.js';
import { mutate } from './inputs/mutator.js';
import { differences } from './judge/compare.js';
import { respelled } from './judge/respell.js';
import type { Verdict } from './judge/verdict.js';
import type { Workspace } from './workspace.js';

/** Inputs that are made while the last ones are judged: part of what a seed decides, so not to be tuned lightly. */
const BATCH = 256;

/** After so many findings there is nothing to learn from more of them. */
const MOST_FINDINGS = 40;

/** An input that shows a defect. */
export interface Finding {
  readonly language: 'javascript' | 'python' | 'both';
  readonly about: string;
  /** The first input that showed it, flat. */
  readonly hex: string;
  /** How many did. */
  times: number;
}

/** What a run came to. */
export interface FuzzResult {
  readonly seed: number;
  /** How many were asked for; the last batch is judged whole. */
  readonly asked: number;
  readonly inputs: number;
  readonly seconds: number;
  /** Of the inputs, those whose first header a receiver goes on with. */
  readonly headerPassed: number;
  /** How streams ended, by error; and frames that were decoded. */
  readonly endings: Readonly<Record<string, number>>;
  readonly frames: number;
  /** Frames whose decoded meaning was the same on both sides. */
  readonly compared: number;
  readonly respelled: number;
  readonly findings: readonly Finding[];
  /** Inputs that led somewhere new in either language, the seeds among them. */
  readonly corpus: readonly Uint8Array[];
  /** The most memory that each process held. Unit: bytes. */
  readonly peakRssBytes: { readonly javascript: number; readonly python: number };
}

export interface FuzzOptions {
  readonly seed: number;
  readonly inputs: number;
  readonly seeds: readonly Uint8Array[];
  readonly workspace: Workspace;
  readonly onProgress?: (line: string) => void;
  /** Stop early. What was judged by then is the result. */
  readonly signal?: AbortSignal;
  /** Stop at the first finding. */
  readonly firstOnly?: boolean;
}

/** Feed both decoders the same inputs, keep those that lead somewhere new, and note every fault and difference. */
export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const run = new Run(options);
  await run.go();
  return run.result();
}

class Run {
  readonly #options: FuzzOptions;
  readonly #random: Random;
  readonly #corpus: Uint8Array[] = [];
  readonly #kinds = new Set<string>();
  /** By what they are about, without its details. */
  readonly #findings = new Map<string, Finding>();
  readonly #endings: Record<string, number> = {};
  readonly #started = performance.now();
  #inputs = 0;
  #headerPassed = 0;
  #frames = 0;
  #compared = 0;
  #respelled = 0;

  constructor(options: FuzzOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
  }

  async go(): Promise<void> {
    const { inputs, seeds, onProgress } = this.#options;
    for (let at = 0; at < seeds.length && !this.#done; at += BATCH) {
      await this.#judge(seeds.slice(at, at + BATCH), true);
    }
    let next = this.#batch();
    let told = this.#inputs;
    while (this.#inputs < inputs && !this.#done) {
      const batch = next;
      const judged = this.#judge(batch, false);
      // Made while the peers work, of what was known before: so the same whichever of them is faster.
      next = this.#batch();
      await judged;
      if (this.#inputs - told >= 20_000) {
        told = this.#inputs;
        onProgress?.(
          `${this.#inputs} inputs, ${this.#corpus.length} kept, ${this.#findings.size} findings, ${this.#seconds.toFixed(0)} s`,
        );
      }
    }
  }

  result(): FuzzResult {
    return {
      seed: this.#options.seed,
      asked: this.#options.inputs,
      inputs: this.#inputs,
      seconds: this.#seconds,
      headerPassed: this.#headerPassed,
      endings: this.#endings,
      frames: this.#frames,
      compared: this.#compared,
      respelled: this.#respelled,
      findings: [...this.#findings.values()],
      corpus: this.#corpus,
      peakRssBytes: {
        javascript: this.#options.workspace.javascript.peakRssBytes,
        python: this.#options.workspace.python.peakRssBytes,
      },
    };
  }

  get #seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }

  get #done(): boolean {
    const { firstOnly, signal } = this.#options;
    return signal?.aborted === true || this.#findings.size >= (firstOnly ? 1 : MOST_FINDINGS);
  }

  #batch(): Uint8Array[] {
    return Array.from({ length: BATCH }, () => mutate(this.#random, this.#corpus));
  }

  async #judge(batch: readonly Uint8Array[], isSeed: boolean): Promise<void> {
    const { javascript, python } = this.#options.workspace;
    const [left, right] = await Promise.all([javascript.judge(batch), python.judge(batch)]);
    for (const [index, input] of batch.entries()) {
      const [ours, theirs] = [left[index]!, right[index]!];
      this.#count(input, ours);
      if (isSeed || ours.fresh || theirs.fresh || this.#isNewKind(ours, theirs)) this.#corpus.push(input);
      this.#note(input, 'javascript', ours.faults);
      this.#note(input, 'python', theirs.faults);
      if (ours.faults.length + theirs.faults.length === 0) await this.#compare(input, ours, theirs);
      if (this.#done) return;
    }
  }

  #count(input: Uint8Array, { error, parts }: Verdict): void {
    this.#inputs++;
    if (passesHeader(inputOf(input))) this.#headerPassed++;
    this.#endings[error] = (this.#endings[error] ?? 0) + 1;
    this.#frames += parts.length;
  }

  /** Pairs of endings that were not seen before are as good as a branch. */
  #isNewKind(ours: Verdict, theirs: Verdict): boolean {
    const before = this.#kinds.size;
    ours.parts.forEach((part, index) => {
      const other = theirs.parts[index];
      this.#kinds.add(`${part.type} ${part.value} ${part.message} ${other?.value} ${other?.message}`);
    });
    return this.#kinds.size > before;
  }

  async #compare(input: Uint8Array, ours: Verdict, theirs: Verdict): Promise<void> {
    let found = differences(ours, theirs);
    if (found.length > 0) {
      const other = respelled(input);
      if (other !== undefined) {
        const { javascript, python } = this.#options.workspace;
        const [[left], [right]] = await Promise.all([javascript.judge([other]), python.judge([other])]);
        found = differences(left!, right!);
        if (found.length === 0) this.#respelled++;
      }
    } else {
      this.#compared += ours.parts.filter(({ meaning }) => meaning !== '' && meaning !== '?').length;
    }
    this.#note(
      input,
      'both',
      found.map(({ what, about }) => `${what}: ${about}`),
    );
  }

  #note(input: Uint8Array, language: Finding['language'], faults: readonly string[]): void {
    for (const about of faults) {
      const kind = `${language} ${about.replace(/\d+|["'`].*?["'`]/g, '').slice(0, 300)}`;
      const known = this.#findings.get(kind);
      if (known) {
        known.times++;
        continue;
      }
      this.#options.onProgress?.(`found in ${language}: ${about.slice(0, 300)}`);
      this.#findings.set(kind, { language, about, hex: Buffer.from(input).toString('hex'), times: 1 });
    }
  }
}
