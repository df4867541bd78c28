/** One figure: what `subject` does in `case`, over all rounds. */
export interface Row {
  readonly suite: string;
  readonly case: string;
  readonly subject: string;
  readonly metric: string;
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** One claim: `value` is at most `goal`. `holds` is false too where the machine was too noisy for the value to count. */
export interface Ratio {
  readonly name: string;
  readonly value: number;
  readonly goal: number;
  readonly holds: boolean;
}

/** What a suite found, and remarks for people: noise, missing tools, where the time goes. */
export interface SuiteResult {
  readonly rows: readonly Row[];
  readonly ratios: readonly Ratio[];
  readonly notes: readonly string[];
}
