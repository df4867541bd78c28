import { DEFAULT_LIMITS } from '@pypool/protocol';
import { describe, expect, it } from 'vitest';
import { resolvePythonWorkersOptions, type PythonWorkersOptions } from './options.js';

describe('the options of Python workers', () => {
  it('have defaults, and are frozen', () => {
    const options = resolvePythonWorkersOptions({ module: 'app' });
    expect(options).toEqual({
      module: 'app',
      cwd: process.cwd(),
      engine: 'sync',
      concurrency: 1,
      threads: 1,
      rlimits: {},
      signatures: false,
      limits: DEFAULT_LIMITS,
      integers: 'auto',
      unencodable: 'error',
      types: [],
      heartbeatIntervalMs: 5_000,
      unresponsiveTimeoutMs: 10_000,
      maxLineBytes: 16_384,
      cancelGraces: { interruptMs: 2_000, sigintMs: 500, sigtermMs: 500, neighboursMs: 5_000 },
      maxInterrupts: 16,
      logLevel: 'info',
    });
    expect(Object.isFrozen(options)).toBe(true);
  });

  it('give 0 and Infinity a meaning', () => {
    expect(resolvePythonWorkersOptions({ module: 'a', heartbeatIntervalMs: 0 }).heartbeatIntervalMs).toBe(0);
    const never = resolvePythonWorkersOptions({ module: 'a', heartbeatIntervalMs: Infinity });
    expect(never.heartbeatIntervalMs).toBe(Infinity);
  });

  it('keep the graces that were not given, and give 0 and Infinity a meaning', () => {
    const { cancelGraces, maxInterrupts } = resolvePythonWorkersOptions({
      module: 'a',
      cancelGraces: { interruptMs: 0, sigtermMs: Infinity, neighboursMs: 0 },
      maxInterrupts: 0,
    });
    expect(cancelGraces).toEqual({ interruptMs: 0, sigintMs: 500, sigtermMs: Infinity, neighboursMs: 0 });
    expect(maxInterrupts).toBe(0);
  });

  it('keep the limit that was not given', () => {
    const { limits } = resolvePythonWorkersOptions({ module: 'a', limits: { maxFrameBytes: 1_000 } });
    expect(limits).toEqual({ ...DEFAULT_LIMITS, maxFrameBytes: 1_000 });
  });

  it('take a relative working directory as what it is now', () => {
    expect(resolvePythonWorkersOptions({ module: 'a', cwd: '.' }).cwd).toBe(process.cwd());
  });

  it.each([
    [{}, 'sync', 1],
    [{ engine: 'sync', concurrency: 1 }, 'sync', 1],
    [{ engine: 'async' }, 'async', 64],
    [{ engine: 'async', concurrency: 1 }, 'async', 1],
    [{ engine: 'threads' }, 'threads', 8],
    [{ engine: 'threads', concurrency: 500 }, 'threads', 500],
  ] as const)('choose how many calls a worker runs at once: %j', (given, engine, concurrency) => {
    expect(resolvePythonWorkersOptions({ module: 'a', ...given })).toMatchObject({ engine, concurrency });
  });

  it.each([{ concurrency: 8 }, { engine: 'sync' as const, concurrency: 8 }])(
    'name the engines that run several calls at once, for one that does not: %j',
    (given) => {
      expect(() => resolvePythonWorkersOptions({ module: 'a', ...given })).toThrow(
        expect.objectContaining({
          code: 'invalid-options',
          message: expect.stringMatching(/8 calls at once.*'async'.*'threads'/) as string,
        }) as Error,
      );
    },
  );

  it.each<[string, Record<string, unknown>]>([
    ['engine', { module: 'a', engine: 'asyncio' }],
    ['concurrency', { module: 'a', engine: 'async', concurrency: 0 }],
    ['concurrency', { module: 'a', engine: 'async', concurrency: Infinity }],
    ['concurrency', { module: 'a', engine: 'async', concurrency: 1.5 }],
    ['neighboursMs', { module: 'a', cancelGraces: { neighboursMs: -1 } }],
    ['modul', { modul: 'a' }],
    ['module', { module: 5 }],
    ['module', {}],
    ['expose', { module: 'a', expose: 'f' }],
    ['limits', { module: 'a', limits: { maxFrameBytes: Infinity } }],
    ['limits', { module: 'a', limits: { frames: 1 } }],
    ['heartbeatIntervalMs', { module: 'a', heartbeatIntervalMs: -1 }],
    ['heartbeatIntervalMs', { module: 'a', heartbeatIntervalMs: NaN }],
    ['unresponsiveTimeoutMs', { module: 'a', unresponsiveTimeoutMs: -1 }],
    ['maxLineBytes', { module: 'a', maxLineBytes: 1 }],
    ['launcher', { module: 'a', launcher: {} }],
    ['launcher', { module: 'a', launcher: { launch: () => undefined } }],
    ['transport', { module: 'a', transport: {} }],
    ['transport', { module: 'a', transport: 'pipe' }],
    ['integers', { module: 'a', integers: 'number' }],
    ...refused('threads', [0, 1.5, Infinity, true, 'auto'], (threads) => ({ threads })),
    ['rlimits', { module: 'a', rlimits: 5 }],
    ...refused('uid', [-1, 1.5, Infinity, 2 ** 32 - 1, 'nobody'], (uid) => ({ uid, gid: 1 })),
    ...refused('gid', [-1, 2 ** 32, 'nogroup'], (gid) => ({ gid })),
    ['gid: uid 1000 needs it', { module: 'a', uid: 1000 }],
    ['rlimits.nofiles', { module: 'a', rlimits: { nofiles: 5 } }],
    ...refused(
      'rlimits.nofile',
      [-1, 1.5, NaN, '5', null, {}, { soft: 5, hard: 4 }, { soft: Infinity, hard: 4 }, { soft: 1, max: 2 }],
      (nofile) => ({ rlimits: { nofile } }),
    ),
  ])('are refused by name: %s', (name, options) => {
    expect(() => resolvePythonWorkersOptions(options as unknown as PythonWorkersOptions)).toThrow(
      expect.objectContaining({
        code: 'invalid-options',
        message: expect.stringContaining(name) as string,
      }) as Error,
    );
  });
});

/** A case for each of several wrong values of an option. */
function refused(
  name: string,
  values: readonly unknown[],
  optionsWith: (value: unknown) => Record<string, unknown>,
): [string, Record<string, unknown>][] {
  return values.map((value) => [name, { module: 'a', ...optionsWith(value) }]);
}
