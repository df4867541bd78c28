import type { Pool } from '@pypool/pool';

/** What this package needs of a pool: one of `createPythonPool()`, of `createPool()`, or whatever looks like that. */
export interface ObservablePool extends Pick<Pool, 'name' | 'observe' | 'status' | 'stats' | 'on' | 'off'> {
  /** Where it keeps sessions: how many there are, or else a list that is counted. */
  readonly sessions?: { readonly size?: number; list(): readonly unknown[] };
}
