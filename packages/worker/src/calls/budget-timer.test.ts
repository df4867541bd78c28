import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BudgetTimer } from './budget-timer.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** One turn of the loop, in which what has arrived is read. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('the timer of budgets', () => {
  it('is armed once for many later moments, and again for an earlier one', () => {
    const timer = new BudgetTimer(() => Infinity);
    for (let at = 100; at < 200; at++) timer.ask(performance.now() + at);
    expect(vi.getTimerCount()).toBe(1);
    timer.ask(performance.now() + 50);
    expect(vi.getTimerCount()).toBe(1);
    timer.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is armed for nothing where there is no budget', () => {
    const timer = new BudgetTimer(() => Infinity);
    timer.ask(Infinity);
    expect(vi.getTimerCount()).toBe(0);
    timer.stop();
  });

  it('looks one turn after it has fired, and again when it was told to', async () => {
    const looks: number[] = [];
    const begin = performance.now();
    const timer = new BudgetTimer((now) => {
      looks.push(now - begin);
      return looks.length === 1 ? now + 30 : Infinity;
    });
    timer.ask(begin + 20);
    vi.advanceTimersByTime(20);
    expect(looks).toEqual([]);
    await turn();
    expect(looks).toEqual([20]);
    vi.advanceTimersByTime(30);
    await turn();
    expect(looks).toEqual([20, 50]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('waits for moments that are farther off than a timer reaches', async () => {
    const looks: number[] = [];
    const due = performance.now() + 2 ** 32;
    const timer = new BudgetTimer((now) => {
      looks.push(now);
      return now < due ? due : Infinity;
    });
    timer.ask(due);
    for (let step = 0; step < 3; step++) {
      vi.advanceTimersByTime(2 ** 31 - 1);
      await turn();
    }
    expect(looks.at(-1)).toBeGreaterThanOrEqual(due);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is silent once it was stopped, also between firing and looking', async () => {
    let looks = 0;
    const timer = new BudgetTimer(() => {
      looks += 1;
      return Infinity;
    });
    timer.ask(performance.now() + 10);
    vi.advanceTimersByTime(10);
    timer.stop();
    timer.ask(performance.now() + 10);
    await turn();
    expect(looks).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});
