// Shows DSPy programs on a pool, against a server of models on this machine: no network, no key, no model. It checks what
// the README claims and exits with 0 only if all of it holds.

import { provideDspy } from '../environment.js';
import { createDspy, type Dspy } from '../src/index.js';
import { modelServer, type ModelServer } from '../test/model-server/model-server.js';

const KEY = 'DEMO_KEY';
process.env[KEY] ??= 'no-key-at-all-of-the-demo';

let failed = 0;

/** Print whether a claim holds. */
function claim(text: string, holds: boolean): void {
  if (!holds) failed += 1;
  console.log(`${holds ? '✓' : '✗'} ${text}`);
}

const provided = provideDspy();
if ('missing' in provided) {
  console.error(`The demo needs DSPy, which could not be installed: ${provided.missing}`);
  process.exitCode = 1;
} else {
  await show(provided.python);
  process.exitCode = failed === 0 ? 0 : 1;
}

async function show(python: string): Promise<void> {
  await using server = await modelServer();
  const started = performance.now();
  const dspy = await createDspy({
    python,
    size: 3,
    overflow: 2,
    keys: [KEY],
    model: { model: 'gemini/gemini-2.5-flash', apiBase: server.gemini, apiKeyEnv: KEY },
  });
  const { dspy: version, python: pythonVersion } = await dspy.ping();
  const startMs = Math.round(performance.now() - started);
  console.log(`DSPy ${version} on Python ${pythonVersion}, the first worker ready after ${startMs} ms\n`);
  try {
    await anyWorker(dspy);
    await words(dspy);
    await crowd(dspy, server);
    await rateLimit(dspy, server);
    console.log(`\ntokens by model: ${JSON.stringify((await dspy.getStats()).models)}`);
  } finally {
    await dspy.close();
  }
}

async function anyWorker(dspy: Dspy): Promise<void> {
  const session = dspy.session('ann');
  await session.createProgram('essay', {
    kind: 'chain',
    steps: [
      { name: 'outline', kind: 'chain-of-thought', signature: 'topic -> plan' },
      { name: 'write', signature: { inputs: ['plan'], outputs: ['text', { name: 'words', type: 'int' }] } },
    ],
  });
  await dspy.pool.reload(); // no worker is left that has ever seen it
  const { outputs } = await session.executeProgram('essay', { topic: 'bees' });
  console.log(JSON.stringify(outputs));
  claim('a program runs on workers that were not there when it was created', outputs['words'] === 3);
}

async function words(dspy: Dspy): Promise<void> {
  const kinds: string[] = [];
  for await (const part of dspy.session('ann').streamProgram('essay', { topic: 'honey' })) {
    if (part.kind === 'token') process.stdout.write(part.text);
    kinds.push(part.kind);
  }
  console.log();
  claim('tokens arrive one by one, and the result after them', kinds.indexOf('result') > 5);
}

async function crowd(dspy: Dspy, server: ModelServer): Promise<void> {
  const hold = server.hold('crowd');
  const started = performance.now();
  const answers = Array.from({ length: 10 }, async (_, index) => {
    const session = dspy.session(`caller ${index}`);
    await session.configureLm({ model: 'openai/crowd', apiBase: server.openai, apiKeyEnv: KEY });
    await session.createProgram('qa', 'question -> answer');
    return session.executeProgram('qa', { question: `number ${index}` });
  });
  await hold.arrived(5);
  hold.release();
  const answered = await Promise.all(answers);
  const ms = Math.round(performance.now() - started);
  const right = answered.every(({ outputs }, index) => outputs['answer'] === `answer of number ${index}`);
  console.log(`10 programs in ${ms} ms, 2 more workers started for them`);
  claim('10 programs at once are answered by 3 workers and 2 more, 5 at a time', right && hold.most === 5);
}

async function rateLimit(dspy: Dspy, server: ModelServer): Promise<void> {
  server.script('busy', { status: 429, retryAfter: '0' });
  const session = dspy.session('ben');
  await session.configureLm({ model: 'gemini/busy', apiBase: server.gemini, apiKeyEnv: KEY });
  await session.createProgram('qa', 'question -> answer');
  const { outputs } = await session.executeProgram('qa', { question: 'now?' });
  const asked = server.requests.filter(({ model }) => model === 'busy').length;
  claim(
    'a rate limit is waited for as the server says',
    outputs['answer'] === 'answer of now?' && asked === 2,
  );
}
