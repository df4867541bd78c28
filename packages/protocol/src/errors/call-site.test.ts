import { describe, expect, it } from 'vitest';
import { addCallSite, rejectWithSite } from './call-site.js';
import { createError } from './create-error.js';

async function failing(error: unknown): Promise<never> {
  await Promise.resolve();
  throw addCallSite(error, 'worker.call');
}

async function whoCalls(error: unknown): Promise<unknown> {
  try {
    return await failing(error);
  } catch (caught) {
    return caught;
  }
}

describe('the site of a call', () => {
  it('is where its promise is awaited', async () => {
    const error = createError({ code: 'python-error', message: 'ValueError: no' });
    expect(await whoCalls(error)).toBe(error);
    const [, site] = error.stack?.split('\n    at --- worker.call() ---\n') ?? [];
    expect(site).toMatch(/^ {4}at (?:async )?whoCalls /);
  });

  it('is where a promise is awaited that learns late that it rejects', async () => {
    const error = createError({ code: 'python-error', message: 'ValueError: no' });
    let fail!: () => void;
    const call = new Promise<never>((resolve) => (fail = () => resolve(rejectWithSite(error, 'pool.call'))));
    async function waiter(): Promise<void> {
      await call;
    }
    const waiting = expect(waiter()).rejects.toBe(error);
    fail();
    await waiting;
    expect(error.stack).toMatch(/--- pool\.call\(\) ---\n.*waiter /);
  });

  it('stays that of the first, where several calls share an error', async () => {
    const error = new Error('shared');
    await whoCalls(error);
    const { stack } = error;
    await whoCalls(error);
    expect(error.stack).toBe(stack);
  });

  it('is added to errors only', async () => {
    expect(await whoCalls('a string')).toBe('a string');
  });
});
