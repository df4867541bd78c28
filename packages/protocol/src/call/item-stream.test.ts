import { describe, expect, it } from 'vitest';
import { createError } from '../errors/create-error.js';
import { ItemStream } from './item-stream.js';

function streamOf(window: number): { stream: ItemStream<number>; grants: number[]; left: () => number } {
  const grants: number[] = [];
  let leaves = 0;
  const stream = new ItemStream<number>({
    window,
    onGrant: (items) => grants.push(items),
    onLeave: () => leaves++,
  });
  return { stream, grants, left: () => leaves };
}

const failure = createError({ code: 'python-error', message: 'ValueError: no' });

describe('an item stream', () => {
  it('delivers items in order, then its end, whether they came before or after they were asked for', async () => {
    const { stream, left } = streamOf(10);
    stream.push(1);
    expect(await stream.next()).toEqual({ value: 1, done: false });
    const waiting = stream.next();
    stream.push(2);
    expect(await waiting).toEqual({ value: 2, done: false });
    stream.push(3);
    stream.end();
    expect(await stream.next()).toEqual({ value: 3, done: false });
    expect(await stream.next()).toEqual({ value: undefined, done: true });
    expect(await stream.next()).toEqual({ value: undefined, done: true });
    await stream.return();
    expect(left()).toBe(0);
  });

  it('gives credit back in halves of the window, as items are taken', async () => {
    const { stream, grants } = streamOf(4);
    for (const item of [1, 2, 3, 4]) stream.push(item);
    await stream.next();
    expect(grants).toEqual([]);
    await stream.next();
    expect(grants).toEqual([2]);
    await stream.next();
    await stream.next();
    expect(grants).toEqual([2, 2]);
    const waiting = stream.next();
    stream.push(5);
    await waiting;
    void stream.next();
    stream.push(6);
    expect(grants).toEqual([2, 2, 2]);
  });

  it('gives every item back with a window of one', async () => {
    const { stream, grants } = streamOf(1);
    for (const item of [1, 2, 3]) {
      stream.push(item);
      expect(await stream.next()).toEqual({ value: item, done: false });
    }
    expect(grants).toEqual([1, 1, 1]);
  });

  it('never lets all credit get lost: producer and consumer always get to the end', async () => {
    for (const window of [1, 2, 3, 5, 64]) {
      let credit = window;
      let next = 0;
      const stream = new ItemStream<number>({
        window,
        onGrant: (items) => {
          credit += items;
          queueMicrotask(produce);
        },
        onLeave: () => undefined,
      });
      const produce = (): void => {
        for (; credit > 0 && next < 1000; credit--) stream.push(next++);
        if (next === 1000) stream.end();
      };
      produce();
      const seen: number[] = [];
      for await (const item of stream) seen.push(item);
      expect(seen).toEqual(Array.from({ length: 1000 }, (_, index) => index));
    }
  });

  it('grows its window while the consumer takes all there is, up to the most it may be', async () => {
    const grants: number[] = [];
    let credit = 4;
    const stream = new ItemStream<number>({
      window: 4,
      maxWindow: 12,
      onGrant: (items) => {
        grants.push(items);
        credit += items;
      },
      onLeave: () => undefined,
    });
    for (let round = 0; round < 4; round += 1) {
      const burst = credit;
      for (; credit > 0; credit -= 1) stream.push(round);
      for (let taken = 0; taken < burst; taken += 1) await stream.next();
    }
    // Half a window is given back as it is taken; what was added to it came with one that emptied it.
    expect(grants.slice(0, 2)).toEqual([2, 2 + 4]);
    expect(credit).toBe(12);
  });

  it('leaves its window as it is while the consumer falls behind', async () => {
    const grants: number[] = [];
    const stream = new ItemStream<number>({
      window: 4,
      maxWindow: 64,
      onGrant: (items) => {
        grants.push(items);
        for (let item = 0; item < items; item += 1) stream.push(0);
      },
      onLeave: () => undefined,
    });
    for (let item = 0; item < 4; item += 1) stream.push(0);
    for (let item = 0; item < 100; item += 1) await stream.next();
    expect(new Set(grants)).toEqual(new Set([2]));
    expect(stream.buffered).toBeLessThanOrEqual(4);
  });

  it('counts bytes, too: few large items are given back at once, and of more than its credit one is let through', async () => {
    const grants: [number, number][] = [];
    const stream = new ItemStream<string>({
      window: 64,
      windowBytes: 100,
      onGrant: (items, bytes) => grants.push([items, bytes]),
      onLeave: () => undefined,
    });
    stream.push('small', 20);
    expect(stream.hasRoom).toBe(true);
    stream.push('together', 0);
    stream.push('with this', 500);
    expect(stream.hasRoom).toBe(false);
    await stream.next();
    await stream.next();
    expect(grants).toEqual([]);
    expect(await stream.next()).toEqual({ value: 'with this', done: false });
    expect(grants).toEqual([[3, 520]]);
    expect(stream.hasRoom).toBe(true);
    stream.push('all of it', 100);
    stream.push('and more', 1);
    expect(await stream.next()).toEqual({ value: 'all of it', done: false });
    await expect(stream.next()).rejects.toMatchObject({ code: 'protocol', context: { windowBytes: 100 } });
  });

  it('never lets credit in bytes get lost, however large the items', async () => {
    for (const windowBytes of [1, 7, 100]) {
      let [items, bytes, next] = [8, windowBytes, 0];
      const stream = new ItemStream<number>({
        window: 8,
        maxWindow: 32,
        windowBytes,
        onGrant: (moreItems, moreBytes) => {
          items += moreItems;
          bytes += moreBytes;
          queueMicrotask(produce);
        },
        onLeave: () => undefined,
      });
      const produce = (): void => {
        for (; items > 0 && bytes > 0 && next < 500; items -= 1) {
          const size = (next * 7) % 23;
          bytes -= size;
          stream.push(next++, size);
        }
        if (next === 500) stream.end();
      };
      produce();
      const seen: number[] = [];
      for await (const item of stream) seen.push(item);
      expect(seen).toEqual(Array.from({ length: 500 }, (_, index) => index));
    }
  });

  it('holds at most a window while nobody reads, and fails a producer that ignores its credit', async () => {
    const { stream, left } = streamOf(2);
    for (const item of [1, 2, 3, 4]) stream.push(item);
    expect(stream.buffered).toBe(2);
    expect(left()).toBe(1);
    expect(await stream.next()).toEqual({ value: 1, done: false });
    expect(await stream.next()).toEqual({ value: 2, done: false });
    await expect(stream.next()).rejects.toMatchObject({ code: 'protocol' });
  });

  it('delivers what came before an error, then the error once, then the end', async () => {
    const { stream } = streamOf(4);
    stream.push(1);
    stream.fail(failure);
    stream.push(2);
    expect(await stream.next()).toEqual({ value: 1, done: false });
    await expect(stream.next()).rejects.toBe(failure);
    expect(await stream.next()).toEqual({ value: undefined, done: true });
  });

  it('rejects a waiting consumer when it fails', async () => {
    const { stream } = streamOf(4);
    const waiting = stream.next();
    stream.fail(failure);
    await expect(waiting).rejects.toBe(failure);
    expect(await stream.next()).toEqual({ value: undefined, done: true });
  });

  it('settles a waiting consumer when it is left, drops what is buffered, and tells the producer once', async () => {
    const { stream, left, grants } = streamOf(4);
    const waiting = stream.next();
    await stream.return();
    await stream.return();
    expect(await waiting).toEqual({ value: undefined, done: true });
    stream.push(1);
    stream.fail(failure);
    expect(await stream.next()).toEqual({ value: undefined, done: true });
    expect(left()).toBe(1);
    expect(grants).toEqual([]);
  });

  it('is left by breaking out of a loop, and by `await using`', async () => {
    const looped = streamOf(4);
    looped.stream.push(1);
    looped.stream.push(2);
    for await (const item of looped.stream) {
      expect(item).toBe(1);
      break;
    }
    expect(looped.left()).toBe(1);
    expect(looped.stream.buffered).toBe(0);
    const used = streamOf(4);
    {
      await using stream = used.stream;
      stream.push(1);
    }
    expect(used.left()).toBe(1);
  });

  it('refuses a second reader while one waits', async () => {
    const { stream } = streamOf(4);
    const first = stream.next();
    await expect(stream.next()).rejects.toMatchObject({ code: 'invalid-arguments' });
    stream.push(1);
    expect(await first).toEqual({ value: 1, done: false });
  });
});
