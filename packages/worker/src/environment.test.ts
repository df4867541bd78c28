import { describe, expect, it } from 'vitest';
import { resolveEnvironment, type EnvOption } from './environment.js';

describe('resolveEnvironment', () => {
  it('inherits what every program needs and nothing else', () => {
    const source = {
      PATH: '/bin',
      LC_TIME: 'de_DE',
      HOME: '/home/a',
      DATABASE_PASSWORD: 'x',
      OPENAI_API_KEY: 'y',
      PATHS: 'z',
    };
    const env = resolveEnvironment({}, { source });
    expect(env).toMatchObject({ PATH: '/bin', LC_TIME: 'de_DE', HOME: '/home/a' });
    expect(Object.keys(env)).not.toContain('DATABASE_PASSWORD');
    expect(Object.keys(env)).not.toContain('OPENAI_API_KEY');
    expect(Object.keys(env)).not.toContain('PATHS');
  });

  it('inherits by name and by glob', () => {
    const source = { OPENAI_API_KEY: 'y', OPENAI_ORG: '', XOPENAI_: 'n', 'A.B': '1', AxB: '2' };
    const env = resolveEnvironment({ inherit: ['OPENAI_*', 'A.B', 'MISSING'] }, { source });
    expect(env).toMatchObject({ OPENAI_API_KEY: 'y', OPENAI_ORG: '', 'A.B': '1' });
    expect(Object.keys(env)).not.toContain('XOPENAI_');
    expect(Object.keys(env)).not.toContain('AxB');
    expect(Object.keys(env)).not.toContain('MISSING');
  });

  it('sets variables over inherited ones', () => {
    expect(resolveEnvironment({ set: { PATH: '/opt/bin' } }, { source: { PATH: '/bin' } })['PATH']).toBe(
      '/opt/bin',
    );
  });

  it('gives numeric libraries one thread, unless told otherwise', () => {
    const source = { OMP_NUM_THREADS: '8', MKL_NUM_THREADS: '8' };
    expect(resolveEnvironment({}, { source })).toMatchObject({
      OMP_NUM_THREADS: '1',
      OPENBLAS_NUM_THREADS: '1',
      MKL_NUM_THREADS: '1',
      NUMEXPR_NUM_THREADS: '1',
      VECLIB_MAXIMUM_THREADS: '1',
      RAYON_NUM_THREADS: '1',
    });
    expect(
      resolveEnvironment({ inherit: ['OMP_*'], set: { OPENBLAS_NUM_THREADS: '4' } }, { source }),
    ).toMatchObject({ OMP_NUM_THREADS: '8', OPENBLAS_NUM_THREADS: '4', MKL_NUM_THREADS: '1' });
  });

  it.each([
    ['an unknown key', { inherits: ['A'] }],
    ['a value that is no text', { set: { PORT: 1 } }],
    ['a name with an equals sign', { set: { 'A=B': '1' } }],
    ['a value with NUL', { set: { A: 'a\0b' } }],
    ['a glob that is no list', { inherit: 'A_*' }],
  ])('refuses %s', (_what, option) => {
    expect(() => resolveEnvironment(option as unknown as EnvOption)).toThrow(
      expect.objectContaining({ code: 'invalid-options' }) as Error,
    );
  });
});
