import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerTo } from './answer.js';
import { Hold, type Step } from './behaviour.js';
import type { Dialect, ModelRequest } from './dialect.js';
import { gemini } from './gemini.js';
import { openai } from './openai.js';

/** A server of models, for tests: what they say is made of what they are asked. */
export interface ModelServer extends AsyncDisposable {
  /** Where the two APIs are: the `apiBase` of a model. */
  readonly openai: string;
  readonly gemini: string;
  /** Every request there was, in the order of their arrival. */
  readonly requests: readonly ModelRequest[];
  /** How many requests were hung up before their answer was sent. */
  readonly hungUp: number;
  /** Resolves when so many have been hung up. */
  hangUps(count: number): Promise<void>;
  /** What a model does with its next requests, one step each. */
  script(model: string, ...steps: readonly Step[]): void;
  /** What a model does with each request. */
  always(model: string, step: Step): void;
  /** Keep the requests of a model waiting, streamed ones after so many words. */
  hold(model: string, words?: number): Hold;
}

/** Start one on a free port of this machine. */
export async function modelServer(): Promise<ModelServer> {
  const requests: ModelRequest[] = [];
  const scripts = new Map<string, Step[]>();
  const habits = new Map<string, Step>();
  const holds = new Map<string, Hold>();
  const watchers = new Set<() => void>();
  let hungUp = 0;

  const server = createServer((request, response) => {
    const gone = new AbortController();
    response.once('close', () => {
      if (response.writableFinished) return;
      hungUp += 1;
      gone.abort();
      for (const watcher of watchers) watcher();
    });
    serve(request, response, gone.signal).catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function serve(request: IncomingMessage, response: ServerResponse, gone: AbortSignal): Promise<void> {
    const body = (await json(request)) as Record<string, unknown>;
    for (const dialect of [openai, gemini]) {
      const asked = dialect.read(request, body);
      if (asked === undefined) continue;
      requests.push(asked);
      const step = scripts.get(asked.model)?.shift() ?? habits.get(asked.model);
      return act(dialect, asked, step, response, gone);
    }
    response.writeHead(404).end();
  }

  async function act(
    dialect: Dialect,
    asked: ModelRequest,
    step: Step | undefined,
    response: ServerResponse,
    gone: AbortSignal,
  ): Promise<void> {
    if (step !== undefined && 'hangUp' in step) return void response.destroy();
    if (step !== undefined && 'status' in step) {
      const { status, message = `the model says ${status}`, retryAfter } = step;
      response.writeHead(status, {
        'content-type': 'application/json',
        ...(retryAfter !== undefined && { 'retry-after': retryAfter }),
      });
      return void response.end(JSON.stringify(dialect.error(status, message)));
    }
    if (step !== undefined && 'delayMs' in step)
      await sleep(step.delayMs, undefined, { signal: gone }).catch(() => undefined);
    const text = step !== undefined && 'text' in step ? step.text : answerTo(asked.prompt);
    const hold = holds.get(asked.model);
    if (!asked.stream) {
      await hold?.pass(gone);
      response.writeHead(200, { 'content-type': 'application/json' });
      return void response.end(JSON.stringify(dialect.whole(asked, text)));
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    const words = text.split(/(?<=\s)(?=\S)/);
    for (const [index, word] of words.entries()) {
      if (index === hold?.words) await hold.pass(gone);
      if (gone.aborted) return;
      response.write(`data: ${JSON.stringify(dialect.part(asked, word))}\n\n`);
    }
    for (const event of dialect.end(asked, text)) response.write(`data: ${event}\n\n`);
    response.end();
  }

  return {
    openai: `${origin}/v1`,
    gemini: `${origin}/v1beta`,
    requests,
    get hungUp() {
      return hungUp;
    },
    async hangUps(count) {
      while (hungUp < count) await new Promise<void>((resolve) => watchers.add(resolve));
    },
    script(model, ...steps) {
      scripts.set(model, [...steps]);
    },
    always(model, step) {
      habits.set(model, step);
    },
    hold(model, words = 0) {
      const hold = new Hold(words);
      holds.set(model, hold);
      return hold;
    },
    async [Symbol.asyncDispose]() {
      for (const hold of holds.values()) hold.release();
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
