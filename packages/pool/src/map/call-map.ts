import { addCallSite, createError, type PypoolError } from '@pypool/protocol';

import type { PoolCallOptions } from '../options/call-options.js';
import { findMapError, type MapOptions } from './map-options.js';
import { sourceOf, type Source } from './source.js';

/** What a map needs of whoever makes its calls: a pool, or a session in front of one. */
export interface MapCaller {
  readonly places: number;
  call(name: string, args: unknown, options: PoolCallOptions): Promise<unknown>;
}

/** The results of a map, for one reader. Leaving the loop ends what runs. */
export interface PoolMap<T = unknown> extends AsyncIterableIterator<T>, AsyncDisposable {
  /** End what runs and close the source. Resolves when no call of it is open. */
  return(): Promise<IteratorResult<T, undefined>>;
  [Symbol.asyncIterator](): PoolMap<T>;
}

/** Items of a map: sync or async. */
export type MapItems<Item> = Iterable<Item | PromiseLike<Item>> | AsyncIterable<Item>;

/** Call a function for each item: see `Pool.map`. */
export function mapCalls<T, Item>(
  caller: MapCaller,
  name: string,
  items: MapItems<Item>,
  options: MapOptions<Item> = {},
): PoolMap<T> {
  const wrong = findMapError(options);
  return new CallMap<T, Item>(caller, name, items, wrong === undefined ? options : {}, wrong);
}

/** One item on its way: `done` once its call has a result. */
interface Slot {
  done: boolean;
  value: unknown;
}

class CallMap<T, Item> implements PoolMap<T> {
  readonly #caller: MapCaller;
  readonly #name: string;
  readonly #items: MapItems<Item>;
  readonly #options: MapOptions<Item>;
  readonly #callOptions: PoolCallOptions;
  /** What is wrong with its options. */
  readonly #wrong: PypoolError | undefined;
  readonly #abort = new AbortController();
  #source: Source<Item> | undefined;
  /** Items between source and consumer: by item where ordered, else those that are done before the others. */
  #slots: Slot[] = [];
  #running = 0;
  #index = 0;
  #begun = false;
  #pulling = false;
  /** The source has no more. */
  #exhausted = false;
  /** The consumer left, or something failed: nothing new begins. */
  #over = false;
  #failure: { readonly error: unknown } | undefined;
  #finished: Promise<void> | undefined;
  /** Wakes whoever waits for a change. */
  #wakers: (() => void)[] = [];

  constructor(
    caller: MapCaller,
    name: string,
    items: MapItems<Item>,
    options: MapOptions<Item>,
    wrong: PypoolError | undefined,
  ) {
    const { concurrency: _, ordered: __, args: ___, signal: ____, ...callOptions } = options;
    this.#caller = caller;
    this.#name = name;
    this.#items = items;
    this.#options = options;
    this.#wrong = wrong;
    this.#callOptions = { ...callOptions, signal: this.#abort.signal };
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    this.#begin();
    for (;;) {
      const slot = this.#take();
      if (slot !== undefined) {
        void this.#pull();
        return { done: false, value: slot.value as T };
      }
      if (this.#over) {
        await this.#finished;
        return this.#end();
      }
      if (this.#exhausted && this.#running === 0) {
        this.#options.signal?.removeEventListener('abort', this.#onAbort);
        return DONE;
      }
      await new Promise<void>((resolve) => this.#wakers.push(resolve));
    }
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#slots = [];
    this.#failure = undefined;
    if (!this.#over) {
      this.#over = true;
      this.#finished = this.#finish(undefined);
    }
    await this.#finished;
    return DONE;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #begin(): void {
    if (this.#begun || this.#over) return;
    this.#begun = true;
    const { signal } = this.#options;
    try {
      if (this.#wrong !== undefined) throw this.#wrong;
      this.#source = sourceOf<Item>(this.#items);
    } catch (error) {
      return this.#fail(error);
    }
    if (signal?.aborted === true) return this.#onAbort();
    signal?.addEventListener?.('abort', this.#onAbort);
    void this.#pull();
  }

  /** The next result, where there is one: every one before an error is delivered. */
  #take(): Slot | undefined {
    return this.#slots[0]?.done === true ? this.#slots.shift() : undefined;
  }

  #end(): IteratorResult<T, undefined> {
    // Results that a call had while it was being ended.
    const slot = this.#take();
    if (slot !== undefined) return { done: false, value: slot.value as T };
    const failure = this.#failure;
    this.#failure = undefined;
    this.#slots = [];
    if (failure === undefined) return DONE;
    throw addCallSite(failure.error, 'map.next');
  }

  /** Take items from the source while there is room for them. */
  async #pull(): Promise<void> {
    if (this.#pulling) return;
    this.#pulling = true;
    try {
      while (!this.#over && !this.#exhausted && this.#slots.length < this.#concurrency) {
        const step = await this.#source!.next();
        if (this.#over) break;
        if (step.done === true) this.#exhausted = true;
        else this.#call(step.value);
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#pulling = false;
      this.#wake();
    }
  }

  #call(item: Item): void {
    const index = this.#index++;
    const { args } = this.#options;
    const slot: Slot = { done: false, value: undefined };
    const call = this.#caller.call(
      this.#name,
      args === undefined ? [item] : args(item, index),
      this.#callOptions,
    );
    this.#slots.push(slot);
    this.#running += 1;
    call.then(
      (value) => {
        this.#running -= 1;
        slot.done = true;
        slot.value = value;
        if (this.#options.ordered === false) this.#bringForward(slot);
        this.#wake();
      },
      (error: unknown) => {
        this.#running -= 1;
        this.#fail(error);
        this.#wake();
      },
    );
  }

  /** Behind those that are done, before those that are not. */
  #bringForward(slot: Slot): void {
    const at = this.#slots.indexOf(slot);
    if (at === -1) return;
    this.#slots.splice(at, 1);
    const firstOpen = this.#slots.findIndex(({ done }) => !done);
    this.#slots.splice(firstOpen === -1 ? this.#slots.length : firstOpen, 0, slot);
  }

  get #concurrency(): number {
    return this.#options.concurrency ?? Math.max(1, this.#caller.places);
  }

  readonly #onAbort = (): void =>
    this.#fail(
      createError({
        code: 'aborted',
        message: `The map of "${this.#name}" was aborted by its signal after ${this.#index} items.`,
        outcome: this.#index === 0 ? 'not-started' : 'unknown',
        context: { name: this.#name, items: this.#index },
        cause: this.#options.signal?.reason,
      }),
    );

  #fail(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#failure = { error };
    // The first error is the one to tell, whatever the source says of being closed.
    this.#finished = this.#finish(error).catch(() => undefined);
    this.#wake();
  }

  /** End what runs, close the source, and wait until no call is open. */
  async #finish(reason: unknown): Promise<void> {
    this.#options.signal?.removeEventListener?.('abort', this.#onAbort);
    this.#abort.abort(reason);
    const closed = this.#exhausted ? undefined : this.#source?.close();
    // It may fail before the calls have ended, and is looked at only then: until then nobody would have seen to that.
    closed?.catch(() => undefined);
    while (this.#running > 0) await new Promise<void>((resolve) => this.#wakers.push(resolve));
    // A generator that is waiting for its next item is closed after that, and may wait forever.
    if (!this.#pulling) await closed;
  }

  #wake(): void {
    for (const wake of this.#wakers.splice(0)) wake();
  }
}

const DONE: IteratorResult<never, undefined> = { done: true, value: undefined };
