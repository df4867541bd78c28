import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { MapTurns } from './map-turns.js';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** Take a turn for each name, and see which begin. */
function taking(...names: string[]) {
  const turns = new MapTurns();
  const begun: string[] = [];
  const end = Object.fromEntries(names.map((name) => [name, turns.take(() => begun.push(name))]));
  return { begun, end: (name: string) => end[name]!(), turns };
}

it('begins each turn when the one before has ended, in the order in which they were taken', () => {
  const { begun, end } = taking('a', 'b', 'c');
  expect(begun).toEqual(['a']);
  end('a');
  expect(begun).toEqual(['a', 'b']);
  end('a');
  end('c');
  end('b');
  expect(begun).toEqual(['a', 'b']);
});

it('passes over who has gone, and is free when nobody is left', () => {
  const { begun, end, turns } = taking('a', 'b', 'c');
  end('b');
  end('a');
  expect(begun).toEqual(['a', 'c']);
  end('c');
  turns.take(() => begun.push('d'));
  expect(begun).toEqual(['a', 'c', 'd']);
});

it('waits for nobody for ever, and takes no notice of a turn that ends after that', () => {
  const { begun, end } = taking('a', 'b', 'c');
  vi.advanceTimersByTime(5_000);
  expect(begun).toEqual(['a', 'b']);
  end('a');
  expect(begun).toEqual(['a', 'b']);
  end('b');
  end('c');
  expect(vi.getTimerCount()).toBe(0);
});
