import { fakePool, type FakeHandler } from 'pypool/testing';
import { expect, it } from 'vitest';
import { Dspy } from './dspy.js';
import { SessionRecords } from './session-records.js';
import type { SessionRegistryOptions } from 'pypool';

const INFO = { digest: 'd', kind: 'predict', inputs: ['question'], outputs: ['answer'], predictors: [] };
const USAGE = { inputTokens: 3, outputTokens: 4 };
const MODEL = { model: 'openai/x' };

/** A service whose Python is what these handlers say. */
function dspyOver(handlers: Record<string, FakeHandler> = {}, sessions: SessionRegistryOptions = {}): Dspy {
  const records = new SessionRecords();
  const pool = fakePool(
    { create_program: () => INFO, configure_lm: () => MODEL, ...handlers },
    { size: 3, sessions: records.endedBy(sessions) },
  );
  return new Dspy(pool, records, MODEL);
}

it('sends the definition, the inputs and the model along with every call', async () => {
  const calls: unknown[] = [];
  await using dspy = dspyOver({
    execute_program: (args) => {
      calls.push(args);
      return { outputs: { answer: 42 }, usage: USAGE };
    },
  });
  const session = dspy.session('ann');
  await session.createProgram('qa', 'question -> answer');
  await session.executeProgram('qa', { question: 'why?' });
  await session.configureLm({ model: 'gemini/y' });
  await session.executeProgram('qa', { question: 'how?' });
  const program = { signature: 'question -> answer' };
  expect(calls).toEqual([
    { program, inputs: { question: 'why?' }, model: MODEL },
    { program, inputs: { question: 'how?' }, model: { model: 'gemini/y' } },
  ]);
});

it('keeps the programs of a session in their order, apart from those of others', async () => {
  await using dspy = dspyOver();
  const [ann, ben] = [dspy.session('ann'), dspy.session('ben')];
  await ann.createProgram('one', 'a -> b');
  await ann.createProgram('two', 'a -> b');
  await ben.createProgram('one', 'c -> d');
  expect(ann.listPrograms().map(({ name }) => name)).toEqual(['one', 'two']);
  expect(ann.getProgramInfo('one')).toMatchObject({ ...INFO, definition: { signature: 'a -> b' } });
  expect([ann.deleteProgram('one'), ann.deleteProgram('one')]).toEqual([true, false]);
  expect(() => ann.getProgramInfo('one')).toThrow(
    expect.objectContaining({ code: 'no-such-program', message: expect.stringContaining('it has two') }),
  );
  expect(ben.listPrograms()).toHaveLength(1);
});

it('forgets what Python has refused', async () => {
  await using dspy = dspyOver({
    create_program: () => {
      throw new Error('no');
    },
  });
  await expect(dspy.session('ann').createProgram('qa', 'nonsense')).rejects.toThrow('no');
  expect(dspy.session('ann').listPrograms()).toEqual([]);
});

it('gives no program to a session that was ended, or has begun anew, while it was made', async () => {
  let finish = (_: unknown): void => undefined;
  await using dspy = dspyOver({ create_program: () => new Promise((resolve) => (finish = resolve)) });
  const session = dspy.session('ann');
  const created = session.createProgram('qa', 'question -> answer');
  await expect.poll(() => dspy.pool.status().workers[0]?.running.length).toBe(1);
  expect(session.cleanup()).toEqual({ programs: 0 });
  finish(INFO);
  await expect(created).rejects.toMatchObject({ code: 'session-ended' });
  expect(session.listPrograms()).toEqual([]);
});

it('forgets a session that expires, and one that was refused', async () => {
  await using dspy = dspyOver({}, { ttlMs: 0 });
  await dspy
    .session('ann')
    .createProgram('qa', 'question -> answer')
    .catch(() => undefined);
  expect(dspy.session('ann').listPrograms()).toEqual([]);

  await using full = dspyOver({ get_stats: () => ({}) }, { maxSessions: 0 });
  await expect(full.session('ann').createProgram('qa', 'a -> b')).rejects.toMatchObject({
    code: 'session-limit',
  });
  expect(await full.getStats()).toMatchObject({ sessions: 0, programs: 0 });
});

it('counts what programs come to, by model, and begins anew after a reset', async () => {
  let answers = 0;
  await using dspy = dspyOver({
    get_stats: () => ({}),
    execute_program: () => {
      if (answers++ > 0) throw new Error('no');
      return { outputs: {}, usage: USAGE };
    },
    stream_program: () => [
      { kind: 'token', field: 'answer', step: null, text: '4' },
      { kind: 'result', outputs: {}, usage: USAGE },
    ],
  });
  const session = dspy.session('ann');
  await session.createProgram('qa', 'question -> answer');
  await session.executeProgram('qa', {});
  await session.executeProgram('qa', {}).catch(() => undefined);
  for await (const _ of session.streamProgram('qa', {}));
  for await (const _ of session.streamProgram('qa', {})) break;
  expect((await dspy.getStats()).models).toEqual({
    'openai/x': {
      executions: 4,
      failures: { 'python-error': 1, aborted: 1 },
      inputTokens: 6,
      outputTokens: 8,
    },
  });
  expect(await dspy.resetState()).toEqual({ sessions: 1, programs: 1 });
  expect(await dspy.getStats()).toMatchObject({ models: {}, sessions: 0, programs: 0 });
});

/** A service whose questions to Python of one kind are answered when, and as, the test says, by the name of their model or signature. */
function dspyAsked(handler: 'configure_lm' | 'create_program') {
  const open = new Map<string, { answer: () => void; refuse: () => void }>();
  const calls: unknown[] = [];
  const dspy = dspyOver({
    [handler]: (asked) => {
      const { model, program } = asked as { model?: { model: string }; program?: { signature: string } };
      return new Promise((resolve, reject) => {
        open.set(model?.model ?? program!.signature, {
          answer: () => resolve({ ...INFO, model: model?.model }),
          refuse: () => reject(new Error('no')),
        });
      });
    },
    execute_program: (args) => {
      calls.push(args);
      return { outputs: {}, usage: USAGE };
    },
  });
  return {
    dspy,
    calls,
    async asked(name: string) {
      await expect.poll(() => open.has(name)).toBe(true);
      return open.get(name)!;
    },
  };
}

it.each(['service', 'session'])(
  'keeps the model of a %s that was chosen last, however the choices are answered',
  async (whose) => {
    const { dspy, calls, asked } = dspyAsked('configure_lm');
    await using _ = dspy;
    const session = dspy.session('ann');
    await session.createProgram('qa', 'question -> answer');
    const chooser = whose === 'service' ? dspy : session;
    const changed = { model: 'first' };
    const first = chooser.configureLm(changed);
    const second = chooser.configureLm({ model: 'second' });
    const third = chooser.configureLm({ model: 'third' });
    // What its caller does to it afterwards is nobody's.
    changed.model = 'changed';
    (await asked('second')).answer();
    await second;
    await session.executeProgram('qa', {});
    (await asked('first')).answer();
    expect(await first).toMatchObject({ model: 'first' });
    await session.executeProgram('qa', {});
    (await asked('third')).refuse();
    await expect(third).rejects.toThrow('no');
    await session.executeProgram('qa', {});
    expect(calls).toMatchObject(Array(3).fill({ model: { model: 'second' } }));
  },
);

it('runs a program that is called while a model is chosen with the one that there was', async () => {
  const { dspy, calls, asked } = dspyAsked('configure_lm');
  await using _ = dspy;
  const session = dspy.session('ann');
  await session.createProgram('qa', 'question -> answer');
  const chosen = session.configureLm({ model: 'next' });
  await session.executeProgram('qa', {});
  (await asked('next')).answer();
  await chosen;
  await session.executeProgram('qa', {});
  expect(calls).toMatchObject([{ model: MODEL }, { model: { model: 'next' } }]);
});

it('keeps the program of a name that was made last, however they are answered', async () => {
  const { dspy, asked } = dspyAsked('create_program');
  await using _ = dspy;
  const session = dspy.session('ann');
  const first = session.createProgram('qa', 'a -> b');
  const second = session.createProgram('qa', 'c -> d');
  (await asked('c -> d')).answer();
  await second;
  (await asked('a -> b')).answer();
  await first;
  expect(session.getProgramInfo('qa').definition).toEqual({ signature: 'c -> d' });
});

it('keeps no program that was made before its name was deleted, however late it is answered', async () => {
  const { dspy, asked } = dspyAsked('create_program');
  await using _ = dspy;
  const session = dspy.session('ann');
  const first = session.createProgram('qa', 'a -> b');
  const second = session.createProgram('qa', 'c -> d');
  const other = session.createProgram('other', 'g -> h');
  (await asked('c -> d')).answer();
  await second;
  expect(session.deleteProgram('qa')).toBe(true);
  const third = session.createProgram('qa', 'e -> f');
  (await asked('a -> b')).answer();
  expect(await first).toMatchObject(INFO);
  expect(session.listPrograms()).toEqual([]);
  (await asked('g -> h')).answer();
  (await asked('e -> f')).answer();
  await Promise.all([other, third]);
  expect(session.getProgramInfo('qa').definition).toEqual({ signature: 'e -> f' });
  expect(session.getProgramInfo('other').definition).toEqual({ signature: 'g -> h' });
});

it('says what is missing before a worker is asked', async () => {
  const records = new SessionRecords();
  const pool = fakePool({ create_program: () => INFO }, { sessions: records.endedBy() });
  await using dspy = new Dspy(pool, records, undefined);
  const session = dspy.session('ann');
  await expect(session.executeProgram('qa', {})).rejects.toMatchObject({ code: 'no-such-program' });
  await session.createProgram('qa', 'question -> answer');
  await expect(session.executeProgram('qa', {})).rejects.toMatchObject({ code: 'no-model' });
  await expect(session.streamProgram('qa', {}).next()).rejects.toMatchObject({ code: 'no-model' });
});

it('knows the commands of the first system of this kind', async () => {
  await using dspy = dspyOver({
    ping: () => ({ worker: 'w' }),
    get_stats: () => ({}),
    execute_program: () => ({ outputs: { answer: 42 }, usage: USAGE }),
  });
  const ann = { sessionId: 'ann' };
  const run = (command: string, args?: Record<string, unknown>, options?: { sessionId: string }) =>
    dspy.execute(command as 'ping', args, options);
  expect(await run('ping')).toEqual({ worker: 'w' });
  expect(await run('configure_lm', { model: 'openai/x' })).toEqual(MODEL);
  expect(await run('configure_lm', { model: 'openai/x' }, ann)).toEqual(MODEL);
  expect(await run('create_program', { name: 'qa', program: 'question -> answer' }, ann)).toEqual(INFO);
  expect(await run('execute_program', { name: 'qa', inputs: {} }, ann)).toMatchObject({
    outputs: { answer: 42 },
  });
  expect(await run('list_programs', {}, ann)).toMatchObject([{ name: 'qa', kind: 'predict' }]);
  expect(await run('get_program_info', { name: 'qa' }, ann)).toMatchObject(INFO);
  expect(await run('get_stats')).toMatchObject({ sessions: 1, programs: 1 });
  expect(await run('delete_program', { name: 'qa' }, ann)).toBe(true);
  expect(await run('cleanup_session', {}, ann)).toEqual({ programs: 0 });
  expect(await run('reset_state')).toEqual({ sessions: 0, programs: 0 });
  await expect(run('list_programs')).rejects.toMatchObject({ code: 'no-session' });
  await expect(run('toString')).rejects.toMatchObject({ code: 'no-such-command' });
});
