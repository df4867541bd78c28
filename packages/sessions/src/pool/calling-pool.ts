import type { PoolCallOptions, PoolStream } from '@pypool/pool';

/** What a session pool needs of a pool: the pool of `@pypool/pool` has it, and so has whatever wraps one. */
export interface CallingPool {
  readonly places: number;
  call<T = unknown>(name: string, args?: unknown, options?: PoolCallOptions): Promise<T>;
  stream<T = unknown>(name: string, args?: unknown, options?: PoolCallOptions): PoolStream<T>;
}
