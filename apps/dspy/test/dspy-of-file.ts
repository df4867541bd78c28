import { afterAll, beforeAll } from 'vitest';
import type { Dspy } from '../src/index.js';
import { dspyFor, hasDspy, needsDspy, SLOW_MS } from './dspy-for.js';
import { modelServer, type ModelServer } from './model-server/model-server.js';

/** Of the tests of the file that has called {@link serveFile}, once they run. */
export let server: ModelServer;
export let dspy: Dspy;

/** Have the tests of a file share one server of models and one service, or be skipped where there is no DSPy. */
export function serveFile(): void {
  needsDspy();
  beforeAll(async () => {
    if (!hasDspy) return;
    server = await modelServer();
    dspy = await dspyFor(server);
  }, SLOW_MS);
  afterAll(async () => {
    await dspy?.close();
    await server?.[Symbol.asyncDispose]();
  });
}
