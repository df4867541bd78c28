import { describe, expect, it } from 'vitest';
import { codeOf, type ModelConfig } from '../../src/index.js';
import { local } from '../dspy-for.js';
import { dspy, server, serveFile } from '../dspy-of-file.js';
import type { Step } from '../model-server/behaviour.js';

serveFile();

/** A session with a program, whose model is this one. */
async function asking(model: ModelConfig) {
  const session = dspy.session(JSON.stringify(model));
  await session.configureLm(model);
  await session.createProgram('qa', 'question -> answer');
  return session;
}

const QUESTION = { question: 'why?' };
const ANSWER = { answer: 'answer of why?' };

describe('a model that refuses', () => {
  it.each<[string, Step, string]>([
    ['429', { status: 429, retryAfter: '7' }, 'rate-limit'],
    ['401', { status: 401 }, 'wrong-key'],
    ['400', { status: 400 }, 'refused'],
    ['404', { status: 404, message: 'This model is not found.' }, 'unknown-model'],
    ['500', { status: 500 }, 'model-failed'],
    ['503', { status: 503 }, 'model-failed'],
    ['hangs-up', { hangUp: true }, 'unreachable'],
    ['nonsense', { text: 'As a large language model, I cannot.' }, 'unreadable-answer'],
  ])('by %s is told as such, of both APIs', async (name, step, code) => {
    for (const provider of ['openai', 'gemini']) {
      const model = `${provider}/refuses-${name}`;
      server.always(`refuses-${name}`, step);
      const session = await asking(local(server, model));
      const error: unknown = await session.executeProgram('qa', QUESTION).catch((reason: unknown) => reason);
      expect([model, codeOf(error)]).toEqual([model, code]);
      if ('status' in step)
        expect(error).toMatchObject({ failure: { data: { status: step.status, model } } });
      if ('retryAfter' in step)
        expect(error).toMatchObject({ failure: { data: { retryAfterSeconds: 7, retryable: true } } });
      const streamed = session.streamProgram('qa', QUESTION).next();
      expect(codeOf(await streamed.catch((reason: unknown) => reason))).toBe(code);
    }
  });

  it('for a while is asked again, when it says so', async () => {
    server.script('busy', { status: 429, retryAfter: '0' }, { status: 503, retryAfter: '0' });
    const session = await asking({ ...local(server, 'gemini/busy'), retries: 2 });
    expect(await session.executeProgram('qa', QUESTION)).toMatchObject({ outputs: ANSWER });
    expect(server.requests.filter(({ model }) => model === 'busy')).toHaveLength(3);
  });

  it('is not asked once more than its retries', async () => {
    server.always('busier', { status: 429, retryAfter: '0' });
    const session = await asking({ ...local(server, 'openai/busier'), retries: 1 });
    expect(codeOf(await session.executeProgram('qa', QUESTION).catch((error: unknown) => error))).toBe(
      'rate-limit',
    );
    expect(server.requests.filter(({ model }) => model === 'busier')).toHaveLength(2);
  });
});

describe('a model that takes too long', () => {
  it('is given up after its timeoutSeconds', async () => {
    const hold = server.hold('asleep');
    const session = await asking({ ...local(server, 'openai/asleep'), timeoutSeconds: 0.2 });
    const error: unknown = await session.executeProgram('qa', QUESTION).catch((reason: unknown) => reason);
    hold.release();
    expect(codeOf(error)).toMatch(/model-timeout|unreachable/);
  });

  it.each(['openai', 'gemini'])('is hung up on when its call is aborted: %s', async (provider) => {
    const name = `aborted-${provider}`;
    const hold = server.hold(name);
    const session = await asking(local(server, `${provider}/${name}`));
    const abort = new AbortController();
    const result = session.executeProgram('qa', QUESTION, { signal: abort.signal });
    await hold.arrived(1);
    const before = server.hungUp;
    abort.abort();
    await expect(result).rejects.toMatchObject({ code: 'aborted' });
    await server.hangUps(before + 1);
    hold.release();
    expect(await session.executeProgram('qa', QUESTION)).toMatchObject({ outputs: ANSWER });
  });

  it.each(['openai', 'gemini'])('is hung up on when its stream is left: %s', async (provider) => {
    const name = `left-${provider}`;
    const hold = server.hold(name, 6);
    const session = await asking(local(server, `${provider}/${name}`));
    const before = server.hungUp;
    for await (const part of session.streamProgram('qa', { question: 'why is it so very, very long?' })) {
      expect(part).toMatchObject({ kind: 'token', field: 'answer' });
      break;
    }
    await server.hangUps(before + 1);
    hold.release();
    expect(await session.executeProgram('qa', QUESTION)).toMatchObject({ outputs: ANSWER });
  });
});

describe('the configuration of a model', () => {
  it('names where its key is', async () => {
    const session = dspy.session('key');
    expect(await session.configureLm(local(server, 'gemini/gemini-2.5-flash'))).toEqual({
      model: 'gemini/gemini-2.5-flash',
      adapter: 'ChatAdapter',
      apiBase: server.gemini,
      keyFrom: 'DSPY_TEST_KEY',
    });
  });

  it.each<[string, object, string, string?]>([
    ['no model', {}, 'invalid-model'],
    ['a provider alone', { model: 'openai/' }, 'invalid-model', "'openai/': "],
    ['a key', { model: 'openai/x', apiKey: 'sk-1' }, 'invalid-model', "a model has no 'apiKey';"],
    [
      'a key in its options',
      { model: 'openai/x', options: { api_key: 'sk-1' } },
      'invalid-model',
      "options has no 'api_key';",
    ],
    ['options that are a text', { model: 'openai/x', options: 'top_p' }, 'invalid-model', 'got str'],
    ['an unknown adapter', { model: 'openai/x', adapter: 'yaml' }, 'invalid-model', "got 'yaml'"],
    ['an adapter that is no name', { model: 'openai/x', adapter: ['chat'] }, 'invalid-model', "got ['chat']"],
    ['a variable that is no key', { model: 'openai/x', apiKeyEnv: 'PATH' }, 'no-key', "no key 'PATH':"],
    [
      'a variable that is not there',
      { model: 'openai/x', apiKeyEnv: 'NO_SUCH_KEY' },
      'no-key',
      "no key 'NO_SUCH_KEY':",
    ],
  ])('is refused for %s', async (_, model, code, message = '') => {
    const session = dspy.session('refused');
    await expect(session.configureLm(model as ModelConfig)).rejects.toMatchObject({
      failure: { code },
      message: expect.stringContaining(message) as string,
    });
  });

  it('takes settings of sampling to the model', async () => {
    const model = {
      ...local(server, 'openai/settings'),
      temperature: 0.25,
      maxTokens: 77,
      options: { seed: 5 },
    };
    await (await asking(model)).executeProgram('qa', QUESTION);
    const { body } = server.requests.find(({ model: name }) => name === 'settings')!;
    expect(body).toMatchObject({ temperature: 0.25, seed: 5 });
    expect(body['max_tokens'] ?? body['max_completion_tokens']).toBe(77);
  });

  it('without a key of its own is refused by DSPy, which knows the variable of each provider', async () => {
    const session = await asking({ model: 'gemini/gemini-2.5-flash', apiBase: server.gemini });
    await expect(session.executeProgram('qa', QUESTION)).rejects.toMatchObject({
      failure: { code: 'no-key' },
      message: expect.stringContaining('GEMINI_API_KEY') as string,
    });
  });

  it('may say that there is no key, and may have answers kept', async () => {
    const { apiBase } = local(server, 'openai/keyless');
    const session = await asking({ model: 'openai/keyless', apiBase, apiKeyEnv: null, cache: true });
    for (let asked = 0; asked < 3; asked += 1)
      expect(await session.executeProgram('qa', QUESTION)).toMatchObject({ outputs: ANSWER });
    expect(server.requests.filter(({ model }) => model === 'keyless')).toHaveLength(1);
  });
});
