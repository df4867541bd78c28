import { FrameType } from '@pypool/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FakeProcess } from './fake-process.js';
import { launched, settle } from './watched-worker.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

describe('a worker that starts', () => {
  it('answers HELLO with WELCOME, and takes calls after READY', async () => {
    const { fake, worker } = await launched();
    expect(worker.state).toBe('handshaking');
    fake.hello();
    await settle();
    expect(worker.state).toBe('importing');
    const [welcome] = fake.control;
    expect(welcome?.type).toBe(FrameType.WELCOME);
    expect(JSON.parse(welcome?.envelope ?? '')).toMatchObject({ protocol: 1, workerId: 'pool-0.1' });
    fake.ready([{ name: 'f' }]);
    await worker.started;
    expect(worker.functions.map(({ name }) => name)).toEqual(['f']);
    expect(worker.pythonVersion).toBe('3.11.7');
  });

  it('fails naming both versions where the runtime speaks another', async () => {
    const { fake, worker, told } = await launched();
    fake.hello({ protocol: [2, 3] });
    await expect(worker.started).rejects.toMatchObject({
      code: 'start-failed',
      message: expect.stringMatching(/version 1.*versions 2 to 3/s) as string,
    });
    expect(fake.signals).toContain('SIGKILL');
    expect(told.exits).toHaveLength(1);
    expect(told.unavailable).toEqual([]);
  });

  it('fails with the traceback that Python reports, also where its exit is known before that is read', async () => {
    const { fake, worker } = await launched();
    fake.hello();
    await settle();
    fake.startFailed('No module named x', 'Traceback (most recent call last):\n  File "m.py", line 3');
    fake.stderr.write('some noise\n');
    fake.die({ exitCode: 1, signal: undefined });
    await expect(worker.started).rejects.toMatchObject({
      code: 'start-failed',
      message: expect.stringContaining('File "m.py", line 3') as string,
      context: { workerId: 'pool-0.1', pid: 4711, python: '3.11.7' },
    });
  });

  it.each([
    ['names the option that passes a variable on', 'PYPOOL_TEST_KEY', '<frozen os>', true],
    ['in older Pythons too', 'PYPOOL_TEST_KEY', '/usr/lib/python3.9/os.py', true],
    ['but not for one that is not set here either', 'PYPOOL_TEST_OTHER', '<frozen os>', false],
    ['nor for the key of another dict', 'PYPOOL_TEST_KEY', '/srv/app/settings.py', false],
  ])('%s', async (_what, name, file, isNamed) => {
    vi.stubEnv('PYPOOL_TEST_KEY', 'secret');
    const { fake, worker } = await launched();
    fake.hello();
    await settle();
    fake.startFailed(`'${name}'`, 'Traceback', {
      type: 'KeyError',
      args: [name],
      frames: [{ file, line: 679, function: '_Environ.__getitem__' }],
    });
    fake.die({ exitCode: 1, signal: undefined });
    const error = await worker.started.catch((reason: unknown) => reason);
    expect((error as Error).message.includes(`env: { inherit: ['${name}'] }`)).toBe(isNamed);
    expect((error as Error).message).not.toContain('secret');
  });

  it('ends one that says that it cannot start and does not exit', async () => {
    const { fake, worker } = await launched();
    fake.hello();
    await settle();
    fake.startFailed('No module named x', 'Traceback');
    await settle();
    expect(fake.signals).toEqual([]);
    vi.advanceTimersByTime(1_001);
    await expect(worker.started).rejects.toThrow('No module named x');
    expect(fake.signals[0]).toBe('SIGKILL');
  });

  it('waits for what Python reports even where everything else has been read to its end', async () => {
    const { fake, worker } = await launched();
    fake.hello();
    await settle();
    fake.haunted = true;
    fake.die({ exitCode: 1, signal: undefined });
    fake.runtime.replies.end();
    fake.stdout.end();
    fake.stderr.end();
    await settle();
    fake.startFailed('No module named x', 'Traceback');
    fake.runtime.control.end();
    await expect(worker.started).rejects.toThrow('No module named x');
  });

  it.each([
    ['before HELLO', () => undefined],
    ['while importing', (fake: FakeProcess) => fake.hello()],
  ])('fails with exit code and last words where it exits %s', async (_when, before) => {
    const { fake, worker, told } = await launched();
    before(fake);
    await settle();
    fake.stderr.write('ModuleNotFoundError: numpy\n');
    fake.die({ exitCode: 3, signal: undefined });
    await expect(worker.started).rejects.toMatchObject({
      code: 'start-failed',
      message: expect.stringMatching(
        /usr\/bin\/python3, found by PATH.*exited with code 3.*ModuleNotFoundError: numpy/s,
      ) as string,
      context: { exitCode: 3, signal: null, stderr: ['ModuleNotFoundError: numpy'] },
    });
    expect(told.exits).toHaveLength(1);
    expect(worker.state).toBe('dead');
  });

  it.each([
    ['half a frame', (fake: FakeProcess) => fake.runtime.streams.control.write('\x05\0')],
    [
      'bytes that are no frame',
      (fake: FakeProcess) => fake.runtime.streams.control.write('hello?'.repeat(9)),
    ],
    ['READY before HELLO', (fake: FakeProcess) => fake.ready()],
    ['START_FAILED before HELLO', (fake: FakeProcess) => fake.startFailed('no', '')],
    [
      'HELLO twice',
      (fake: FakeProcess) => {
        fake.hello();
        fake.hello();
      },
    ],
    ['a HELLO that says nothing', (fake: FakeProcess) => fake.hello({ codecs: undefined as never })],
    ['a codec of its own', (fake: FakeProcess) => fake.hello({ codecs: ['pickle'] })],
    ['a reply to no call', (fake: FakeProcess) => fake.result(1, 1)],
  ])('fails on %s', async (_what, say) => {
    const { fake, worker } = await launched();
    say(fake);
    await settle();
    fake.die({ exitCode: 0, signal: undefined });
    await expect(worker.started).rejects.toMatchObject({ code: 'start-failed' });
    expect(await worker.exited).toMatchObject({ reason: expect.stringMatching('killed|died') as string });
  });

  it('is killed by close(), for it has nothing to finish', async () => {
    const { fake, worker } = await launched();
    fake.hello();
    await settle();
    expect(await worker.close({ timeoutMs: 5_000 })).toMatchObject({ reason: 'killed', signal: 'SIGKILL' });
    await expect(worker.started).rejects.toMatchObject({ code: 'start-failed' });
  });
});
