// Two figures of this app, measured in one run: how long until 8 DSPy workers are ready, started one by one and forked; and
// the case on which the first system of this kind failed, 10 programs at once on 3 workers and 2 more, from nothing.

import { provideDspy } from '../environment.js';
import { createDspy, type DspyOptions } from '../src/index.js';
import { modelServer, type ModelServer } from '../test/model-server/model-server.js';

const KEY = 'BENCH_KEY';
process.env[KEY] ??= 'no-key-at-all-of-the-bench';

const ROUNDS = 3;
const WORKERS = 8;
/** How long the model takes for an answer. */
const ANSWER_MS = 300;
const LAUNCHERS = ['spawn', 'fork'] as const;

const provided = provideDspy();
if ('missing' in provided) {
  console.error(`The bench needs DSPy, which could not be installed: ${provided.missing}`);
  process.exitCode = 1;
} else {
  await measure(provided.python);
}

async function measure(python: string): Promise<void> {
  await using server = await modelServer();
  server.always('crowd', { delayMs: ANSWER_MS });
  const rows: Record<string, number[]> = {};
  const note = (name: string, ms: number): void => void (rows[name] ??= []).push(ms);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const launcher of LAUNCHERS) {
      note(`${WORKERS} workers ready, ${launcher}`, await readyMs({ python, launcher }));
      note(
        `10 programs on 3 + 2 workers from nothing, ${launcher}`,
        await crowdMs({ python, launcher }, server),
      );
    }
  }
  console.log(`milliseconds, median of ${ROUNDS} rounds that alternate; the model takes ${ANSWER_MS} ms\n`);
  for (const [name, all] of Object.entries(rows)) {
    const sorted = all.map(Math.round).sort((a, b) => a - b);
    console.log(
      `${name.padEnd(52)} ${String(sorted[sorted.length >> 1]).padStart(6)}   ${sorted.join(', ')}`,
    );
  }
}

/** From the call of createDspy() until every worker is ready. */
async function readyMs(options: DspyOptions): Promise<number> {
  const started = performance.now();
  await using _ = await createDspy({ ...options, size: WORKERS, overflow: 0, minReady: WORKERS });
  return performance.now() - started;
}

/** From the call of createDspy() until the last of ten callers who came with it has its answer, the right one. */
async function crowdMs(options: DspyOptions, server: ModelServer): Promise<number> {
  const started = performance.now();
  await using dspy = await createDspy({
    ...options,
    size: 3,
    overflow: 2,
    start: 'background',
    keys: [KEY],
    model: { model: 'openai/crowd', apiBase: server.openai, apiKeyEnv: KEY },
  });
  const answers = Array.from({ length: 10 }, async (_, index) => {
    const session = dspy.session(`caller ${index}`);
    await session.createProgram('qa', 'question -> answer');
    return session.executeProgram('qa', { question: `number ${index}` });
  });
  for (const [index, { outputs }] of (await Promise.all(answers)).entries())
    if (outputs['answer'] !== `answer of number ${index}`)
      throw new Error(`caller ${index} got another's answer`);
  return performance.now() - started;
}
