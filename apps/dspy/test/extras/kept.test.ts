import { expect, it } from 'vitest';
import { local } from '../dspy-for.js';
import { dspy, server, serveFile } from '../dspy-of-file.js';

serveFile();

/** As many as `programs.py` and `models.py` say. */
const MOST_PROGRAMS = 256;
const MOST_MODELS = 16;

it('keeps as many built programs as it says, and lets go of the one that was not used for longest', async () => {
  const session = dspy.session('many');
  const create = (n: number) => session.createProgram(`p${n}`, `question -> answer${n}`);
  const counts = async () => (await dspy.getStats()).worker.programs;
  const before = await counts();
  for (let n = 0; n < MOST_PROGRAMS; n += 1) await create(n);
  await create(0); // used again, so the next to go is 1
  await create(MOST_PROGRAMS);
  const full = await counts();
  expect(full).toEqual({
    kept: MOST_PROGRAMS,
    built: before.built + MOST_PROGRAMS + 1,
    reused: before.reused + 1,
  });
  await create(0);
  await create(2);
  expect(await counts()).toEqual({ ...full, reused: full.reused + 2 });
  await create(1);
  expect(await counts()).toEqual({ ...full, built: full.built + 1, reused: full.reused + 2 });
});

it('runs a program that it has let go of as it runs any', async () => {
  const session = dspy.session('gone');
  await session.createProgram('qa', 'question -> answer');
  for (let n = 0; n <= MOST_PROGRAMS; n += 1) await session.createProgram('other', `question -> other${n}`);
  expect(await session.executeProgram('qa', { question: 'why?' })).toMatchObject({
    outputs: { answer: 'answer of why?' },
  });
});

it('runs a definition that was changed as it is now, and not what it keeps of it as it was', async () => {
  const session = dspy.session('changed');
  const asked = () => JSON.stringify(server.requests.at(-1)!.body);
  const define = (instructions: string, demo: string) =>
    session.createProgram('qa', {
      signature: { instructions, inputs: ['question'], outputs: ['answer'] },
      demos: [{ question: 'what?', answer: demo }],
    });
  await define('Be brief.', 'that');
  await session.executeProgram('qa', { question: 'why?' });
  expect(asked()).toContain('Be brief.');
  await define('Be exact.', 'this');
  await session.executeProgram('qa', { question: 'why?' });
  expect(asked()).toContain('Be exact.');
  expect(asked()).toContain('this');
  expect(asked()).not.toMatch(/Be brief|that/);
  await define('Be exact.', 'those');
  await session.executeProgram('qa', { question: 'why?' });
  expect(asked()).toContain('those');
});

it('keeps as many models as it says, and asks one that was changed as it is now', async () => {
  const session = dspy.session('models');
  await session.createProgram('qa', 'question -> answer');
  for (let n = 0; n <= MOST_MODELS; n += 1) {
    await session.configureLm({ ...local(server, 'openai/changes'), maxTokens: 100 + n });
    await session.executeProgram('qa', { question: 'why?' });
    const { body } = server.requests.at(-1)!;
    expect(body['max_tokens'] ?? body['max_completion_tokens']).toBe(100 + n);
  }
  expect((await dspy.getStats()).worker.models.kept).toBe(MOST_MODELS);
  await session.configureLm({ ...local(server, 'openai/changes'), maxTokens: 100 });
  await session.executeProgram('qa', { question: 'why?' });
  const { body } = server.requests.at(-1)!;
  expect(body['max_tokens'] ?? body['max_completion_tokens']).toBe(100);
});
