/** What a run of the model came to, in the file that `--json` names. */
export interface ModelReport {
  readonly seed: number;
  /** Sequences that kept their invariants. */
  readonly done: number;
  /** The one that did not. */
  readonly broken: { readonly seed: number; readonly what: string } | undefined;
}
