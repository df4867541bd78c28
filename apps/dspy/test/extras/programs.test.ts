import { describe, expect, it } from 'vitest';
import type { ProgramDefinition, ProgramPart } from '../../src/index.js';
import { killed, local, SLOW_MS } from '../dspy-for.js';
import { dspy, server, serveFile } from '../dspy-of-file.js';

serveFile();

async function partsOf(parts: AsyncIterable<ProgramPart>): Promise<ProgramPart[]> {
  const all: ProgramPart[] = [];
  for await (const part of parts) all.push(part);
  return all;
}

/** The texts of a stream's tokens put together, by step and field. */
function joined(parts: readonly ProgramPart[]): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const part of parts) {
    if (part.kind !== 'token') continue;
    const name = part.step === null ? part.field : `${part.step}.${part.field}`;
    texts[name] = (texts[name] ?? '') + part.text;
  }
  return texts;
}

describe('a program', () => {
  it('outlives the worker that was asked to build it', async () => {
    const session = dspy.session('outlives');
    expect(await session.createProgram('qa', 'question -> answer')).toMatchObject({
      kind: 'predict',
      inputs: ['question'],
      outputs: ['answer'],
    });
    const { worker } = await dspy.ping();
    await killed(dspy);
    expect(await session.executeProgram('qa', { question: 'why?' })).toMatchObject({
      outputs: { answer: 'answer of why?' },
    });
    expect((await dspy.ping()).worker).not.toBe(worker);
  });

  it('goes to another worker when its own dies under it, for whoever does not mind asking twice', async () => {
    const session = dspy.session('dies');
    await session.configureLm(local(server, 'openai/dies'));
    await session.createProgram('qa', 'question -> answer');
    const hold = server.hold('dies');
    const result = session.executeProgram('qa', { question: 'why?' }, { idempotent: true });
    await hold.arrived(1);
    await killed(dspy);
    hold.release();
    expect(await result).toMatchObject({ outputs: { answer: 'answer of why?' } });
    expect(server.requests.filter(({ model }) => model === 'dies')).toHaveLength(2);
  });

  it.each(['openai/streamed', 'gemini/streamed'])(
    'streams its texts as they are written: %s',
    async (model) => {
      const session = dspy.session(`streams ${model}`);
      await session.configureLm(local(server, model));
      await session.createProgram('qa', {
        kind: 'chain-of-thought',
        signature: 'question -> answer, length: int',
      });
      // After the ten words of the reasoning and its header, the model falls silent.
      const hold = server.hold('streamed', 14);
      const parts = session.streamProgram('qa', { question: 'why is the sky blue at noon?' });
      const first = await parts.next();
      expect(first.value).toMatchObject({ kind: 'token', field: 'reasoning', text: 'reasoning' });
      await hold.arrived(1);
      hold.release();
      const rest = await partsOf(parts);
      const outputs = {
        reasoning: 'reasoning of why is the sky blue at noon?',
        answer: 'answer of why is the sky blue at noon?',
        length: 7,
      };
      expect(joined([first.value as ProgramPart, ...rest])).toEqual({
        reasoning: outputs.reasoning,
        answer: outputs.answer,
      });
      expect(rest.length).toBeGreaterThan(10);
      const whole = await session.executeProgram('qa', { question: 'why is the sky blue at noon?' });
      expect(whole.outputs).toEqual(outputs);
      expect(rest.at(-1)).toEqual({ kind: 'result', ...whole });
      expect(whole.usage).toEqual({ inputTokens: expect.any(Number), outputTokens: expect.any(Number) });
      expect(whole.usage.outputTokens).toBeGreaterThan(15);
      const asked = server.requests.filter(({ api, model: name }) => model === `${api}/${name}`);
      expect(asked.map(({ stream }) => stream)).toEqual([true, false]);
    },
  );

  it.each(['chat', 'json', 'xml'] as const)('has its prompts written for the adapter %s', async (adapter) => {
    const session = dspy.session(`adapter ${adapter}`);
    await session.configureLm({ ...local(server, `openai/${adapter}`), adapter });
    await session.createProgram('qa', 'question, hint -> answer, source');
    const { outputs } = await session.executeProgram('qa', { question: 'why?', hint: 'because' });
    expect(outputs).toEqual({ answer: 'answer of why? and because', source: 'source of why? and because' });
  });

  it('has outputs of the types that its signature says, and the instructions and examples that it is given', async () => {
    const session = dspy.session('types');
    const types = ['int', 'float', 'bool', 'list[str]', 'list[int]', 'list[float]', 'dict'] as const;
    await session.configureLm(local(server, 'openai/types'));
    const info = await session.createProgram('typed', {
      signature: {
        instructions: 'Speak of weather.',
        inputs: [{ name: 'text', description: 'what was heard' }],
        outputs: [
          ...types.map((type, index) => ({ name: `o${index}`, type })),
          { name: 'mood', type: { choices: ['sunny', 'rainy'] } },
        ],
      },
      demos: [{ text: 'hail again', mood: 'rainy' }],
    });
    expect(info.predictors).toMatchObject([{ name: 'self', instructions: 'Speak of weather.', demos: 1 }]);
    const { outputs } = await session.executeProgram('typed', { text: 'rain or snow' });
    expect(outputs).toEqual({
      o0: 3,
      o1: 3.5,
      o2: true,
      o3: ['rain', 'or', 'snow'],
      o4: [4, 2, 4],
      o5: [4.5, 2.5, 4.5],
      o6: { words: 3 },
      mood: 'sunny',
    });
    const asked = JSON.stringify(server.requests.find(({ model }) => model === 'types')!.body);
    for (const said of ['Speak of weather.', 'what was heard', 'hail again']) expect(asked).toContain(said);
  });

  it('may be a chain, whose steps take what those before them have said', async () => {
    const session = dspy.session('chain');
    const program: ProgramDefinition = {
      kind: 'chain',
      steps: [
        { name: 'outline', kind: 'chain-of-thought', signature: 'topic -> plan' },
        { name: 'write', signature: 'plan, tone -> text' },
      ],
    };
    expect(await session.createProgram('essay', program)).toMatchObject({
      kind: 'chain',
      inputs: ['topic', 'tone'],
      outputs: ['reasoning', 'plan', 'text'],
    });
    const parts = await partsOf(session.streamProgram('essay', { topic: 'bees', tone: 'dry' }));
    expect(joined(parts)).toEqual({
      'outline.reasoning': 'reasoning of bees',
      'outline.plan': 'plan of bees',
      'write.text': 'text of plan of bees and dry',
    });
    expect(parts.at(-1)).toMatchObject({ kind: 'result', outputs: { text: 'text of plan of bees and dry' } });
  });

  it('is built once by a worker for all that define the same', async () => {
    const before = (await dspy.getStats()).worker.programs;
    for (const name of ['one', 'two', 'three'])
      await dspy.session(`builds ${name}`).createProgram(name, 'rarely, seen -> signature1');
    const { worker, programs, sessions } = await dspy.getStats();
    expect(worker.programs).toEqual({
      kept: before.kept + 1,
      built: before.built + 1,
      reused: before.reused + 2,
    });
    expect([programs >= 3, sessions >= 3]).toEqual([true, true]);
  });

  it.each<[string, ProgramDefinition | string, string]>([
    ['no arrow', 'question', 'program.signature'],
    ['an unknown type', 'question -> answer: list[dict]', 'program.signature.outputs[0].type'],
    ['what is no name', 'question -> 2nd', 'program.signature.outputs[0].name'],
    ['a name of DSPy’s own', 'question -> instructions', 'program.signature.outputs[0].name'],
    ['code', "question -> __import__('os')", 'program.signature.outputs[0].name'],
    ['a field twice', 'question -> question', 'program.signature.outputs[0]'],
    ['an unknown kind', { kind: 'magic' as never, signature: 'a -> b' }, 'program.kind'],
    ['an unknown key', { signature: 'a -> b', temperature: 1 } as never, 'program.temperature'],
    ['an example of other fields', { signature: 'a -> b', demos: [{ c: 1 }] }, 'program.demos[0].c'],
    ['a chain of nothing', { kind: 'chain', steps: [] }, 'program.steps'],
    [
      'a step that says what another has said',
      {
        kind: 'chain',
        steps: [
          { name: 'a', signature: 'x -> y' },
          { name: 'b', signature: 'x -> y' },
        ],
      },
      'program.steps[1].signature',
    ],
  ])('is refused for %s, with the place', async (_, program, path) => {
    const session = dspy.session('refused');
    await expect(session.createProgram('wrong', program)).rejects.toMatchObject({
      failure: { code: 'invalid-definition', data: { path } },
    });
    expect(session.listPrograms()).toEqual([]);
  });

  it('is given exactly its inputs', async () => {
    const session = dspy.session('inputs');
    await session.createProgram('qa', 'question, context -> answer');
    await expect(session.executeProgram('qa', { question: 'why?', hint: 1 })).rejects.toMatchObject({
      failure: { code: 'invalid-inputs', data: { missing: ['context'], unknown: ['hint'] } },
    });
  });
});

it(
  'forgets everything when its state is reset, and serves on with new workers',
  async () => {
    await dspy.session('reset').createProgram('qa', 'question -> answer');
    const { worker } = await dspy.ping();
    expect((await dspy.resetState()).programs).toBeGreaterThan(0);
    expect(await dspy.getStats()).toMatchObject({ sessions: 0, programs: 0, models: {} });
    expect(dspy.session('reset').listPrograms()).toEqual([]);
    expect((await dspy.ping()).worker).not.toBe(worker);
  },
  SLOW_MS,
);
