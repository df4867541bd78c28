import { expect, it } from 'vitest';
import { dspyFor, local, needsDspy, SLOW_MS } from '../dspy-for.js';
import { modelServer } from '../model-server/model-server.js';

needsDspy();

it(
  'answers 10 programs at once with 3 workers and 2 more, which the first system of this kind did not',
  async () => {
    await using server = await modelServer();
    const hold = server.hold('crowd');
    await using dspy = await dspyFor(server, {
      size: 3,
      overflow: 2,
      start: 'background',
      // Not 'auto': what the handlers import has to leave a process that may be forked.
      launcher: process.platform === 'linux' ? 'fork' : 'spawn',
      model: local(server, 'openai/crowd'),
    });
    const callers = Array.from({ length: 10 }, (_, index) => dspy.session(`caller ${index}`));
    // While workers still start: that is the case.
    const answers = callers.map(async (session, index) => {
      await session.createProgram('qa', 'question -> answer');
      return session.executeProgram('qa', { question: `number ${index}?` });
    });
    await hold.arrived(5);
    hold.release();
    expect((await Promise.all(answers)).map(({ outputs }) => outputs)).toEqual(
      callers.map((_, index) => ({ answer: `answer of number ${index}?` })),
    );
    expect(hold.most).toBe(5);
    expect(dspy.pool.sessions.list()).toHaveLength(10);
  },
  SLOW_MS,
);
