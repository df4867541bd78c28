import { expect, it } from 'vitest';
import { answerTo } from './model-server/answer.js';
import { tokens } from './model-server/dialect.js';
import { modelServer } from './model-server/model-server.js';

const PROMPT =
  '[[ ## question ## ]]\nWhy?\n\n[[ ## hint ## ]]\nIt is blue.\n\nRespond with the corresponding output fields, starting ' +
  'with the field `[[ ## answer ## ]]`, then `[[ ## words ## ]]` (must be formatted as a valid Python int), and then ' +
  'ending with the marker for `[[ ## completed ## ]]`.';

it('answers a prompt of DSPy by what it was asked', () => {
  expect(answerTo(PROMPT)).toBe(
    '[[ ## answer ## ]]\nanswer of Why? and It is blue.\n\n[[ ## words ## ]]\n4\n\n[[ ## completed ## ]]\n',
  );
});

it('speaks as OpenAI does, whole and streamed', async () => {
  await using server = await modelServer();
  const ask = (stream: boolean) =>
    fetch(`${server.openai}/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk-1' },
      body: JSON.stringify({ model: 'm', stream, messages: [{ role: 'user', content: PROMPT }] }),
    });
  const whole = (await (await ask(false)).json()) as { choices: { message: { content: string } }[] };
  expect(whole).toMatchObject({
    object: 'chat.completion',
    usage: { completion_tokens: tokens(answerTo(PROMPT)) },
  });
  expect(whole.choices[0]!.message.content).toBe(answerTo(PROMPT));
  const streamed = await ask(true);
  expect(streamed.headers.get('content-type')).toBe('text/event-stream');
  const events = (await streamed.text()).trim().split('\n\n');
  expect(events.at(-1)).toBe('data: [DONE]');
  const chunks = events.slice(0, -1).map((event) => JSON.parse(event.slice('data: '.length)) as Chunk);
  expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe(answerTo(PROMPT));
  expect(server.requests.map(({ api, key, stream }) => [api, key, stream])).toEqual([
    ['openai', 'sk-1', false],
    ['openai', 'sk-1', true],
  ]);
});

interface Chunk {
  readonly choices: readonly { readonly delta: { readonly content?: string } }[];
}

it('speaks as Gemini does, and refuses as it is told', async () => {
  await using server = await modelServer();
  const ask = (method: string) =>
    fetch(`${server.gemini}/models/m:${method}`, {
      method: 'POST',
      headers: { 'x-goog-api-key': 'g-1' },
      body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: PROMPT }] }] }),
    });
  server.script('m', { status: 429, retryAfter: '3', message: 'slowly' });
  const refused = await ask('generateContent');
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '3']);
  expect(await refused.json()).toEqual({
    error: { code: 429, message: 'slowly', status: 'RESOURCE_EXHAUSTED' },
  });
  expect(await (await ask('generateContent')).json()).toMatchObject({
    candidates: [{ content: { parts: [{ text: answerTo(PROMPT) }] }, finishReason: 'STOP' }],
    usageMetadata: { candidatesTokenCount: tokens(answerTo(PROMPT)) },
  });
  const events = (await (await ask('streamGenerateContent?alt=sse')).text()).trim().split('\n\n');
  expect(events.length).toBeGreaterThan(10);
  expect(events.at(-1)).toContain('STOP');
  expect(server.requests.map(({ key }) => key)).toEqual(['g-1', 'g-1', 'g-1']);
});

it('holds requests, and knows of those that are hung up', async () => {
  await using server = await modelServer();
  const hold = server.hold('m');
  const abort = new AbortController();
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: PROMPT }] });
  const ask = (signal?: AbortSignal) =>
    fetch(`${server.openai}/chat/completions`, { method: 'POST', body, ...(signal && { signal }) });
  const [first, second] = [ask(abort.signal), ask()];
  await hold.arrived(2);
  abort.abort();
  await expect(first).rejects.toThrow();
  await server.hangUps(1);
  hold.release();
  expect((await second).status).toBe(200);
  expect([hold.most, server.hungUp]).toEqual([2, 1]);
});
