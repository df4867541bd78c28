import { inputOf } from './inputs/input.js';
import type { Workspace } from './workspace.js';

/** Longer ones are of no use as vectors: nobody reads them. */
const MOST_BYTES = 400;
const BATCH = 200;

/** What both languages agree on about an input. */
export interface Kept {
  readonly hex: string;
  readonly error: string;
  readonly frames: number;
  /** How reading the value of each of the first frames ends, by language. */
  readonly values: readonly { readonly javascript: string; readonly python: string }[];
}

interface Candidate {
  readonly input: Uint8Array;
  readonly features: readonly string[];
  readonly kept: Kept;
}

/** The fewest short inputs that together take every branch, in both languages, that all of them take. */
export async function minimize(workspace: Workspace, corpus: readonly Uint8Array[]): Promise<Kept[]> {
  const candidates: Candidate[] = [];
  const short = corpus
    .filter(({ length }) => length <= MOST_BYTES)
    .filter((input) => inputOf(input).tailBytes === 0);
  for (let at = 0; at < short.length; at += BATCH) {
    candidates.push(...(await describe(workspace, short.slice(at, at + BATCH))));
  }
  candidates.sort((left, right) => left.input.length - right.input.length);
  // Forth: whatever adds something. Back: whatever the longer ones have made needless.
  const forth = cover(candidates);
  const back = cover([...forth].reverse());
  return back.reverse().map(({ kept }) => kept);
}

function cover(candidates: readonly Candidate[]): Candidate[] {
  const seen = new Set<string>();
  return candidates.filter(({ features }) => {
    const before = seen.size;
    for (const feature of features) seen.add(feature);
    return seen.size > before;
  });
}

async function describe(
  { javascript, python }: Workspace,
  inputs: readonly Uint8Array[],
): Promise<Candidate[]> {
  const [ours, theirs] = await Promise.all([javascript.explain(inputs), python.explain(inputs)]);
  return inputs.flatMap((input, index) => {
    const [left, right] = [ours[index]!, theirs[index]!];
    const values = left.verdict.parts.map((part, place) => ({
      javascript: part.value,
      python: right.verdict.parts[place]?.value ?? 'none',
    }));
    // What a Python without numpy reads otherwise cannot be held to anything.
    const needsNumpy =
      Buffer.from(input).includes('"ndarray"') && values.some((value) => value.python !== 'protocol');
    if (needsNumpy) return [];
    const kept: Kept = {
      hex: Buffer.from(input).toString('hex'),
      error: left.verdict.error,
      frames: Number(left.verdict.frames.split(':')[0]),
      values,
    };
    const features = [
      ...left.branches.map((branch) => `j${branch}`),
      ...right.branches.map((branch) => `p${branch}`),
      ...values.map((value) => `${value.javascript} ${value.python}`),
    ];
    return [{ input, features, kept }];
  });
}
