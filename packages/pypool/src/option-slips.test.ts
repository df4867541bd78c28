import { isPypoolError } from '@pypool/protocol';
import { describe, expect, it } from 'vitest';
import { fakePool } from './fake-pool.js';
import { pythonPool } from './python-pool.js';

/** What is said of options. Nothing is started for wrong ones. */
function refusal(options: Readonly<Record<string, unknown>>): string {
  try {
    pythonPool({ module: 'json', ...options });
  } catch (error) {
    if (isPypoolError(error) && error.code === 'invalid-options') return error.message;
    throw error;
  }
  throw new Error('taken as they are');
}

describe('a slip in the options of a pool', () => {
  it.each([
    // a unit that was left off, or is another
    ['timeout', 'timeoutMs, in milliseconds'],
    ['timeoutSeconds', 'timeoutMs, in milliseconds'],
    ['timeout_ms', 'timeoutMs'],
    ['startTimeout', 'startTimeoutMs, in milliseconds'],
    ['checkoutTimeout', 'checkoutTimeoutMs, in milliseconds'],
    ['executionTimeout', 'executionTimeoutMs, in milliseconds'],
    ['itemTimeout', 'itemTimeoutMs, in milliseconds'],
    ['closeTimeout', 'closeTimeoutMs, in milliseconds'],
    ['idleTimeout', 'idleTimeoutMs, in milliseconds'],
    ['maxAge', 'maxAgeMs, in milliseconds'],
    ['maxMemory', 'maxMemoryBytes, in bytes'],
    ['maxMemoryMB', 'maxMemoryBytes, in bytes'],
    ['maxLine', 'maxLineBytes, in bytes'],
    ['heartbeatInterval', 'heartbeatIntervalMs, in milliseconds'],
    // another case
    ['start_timeout', 'startTimeoutMs, in milliseconds'],
    ['start_timeout_ms', 'startTimeoutMs'],
    ['max_queue', 'maxQueue'],
    ['min-ready', 'minReady'],
    ['MaxCalls', 'maxCalls'],
    ['loglevel', 'logLevel'],
    ['cancel_graces', 'cancelGraces'],
    // letters
    ['pyhton', 'python'],
    ['modul', 'module'],
    ['szie', 'size'],
    ['overflw', 'overflow'],
    ['selector', 'selection'],
    ['lunchers', 'launcher'],
    ['rlimit', 'rlimits'],
    ['session', 'sessions'],
    ['exposed', 'expose'],
    // what others call them
    ['poolSize', 'size'],
    ['maxWorkers', 'size'],
    ['workers', 'size'],
    ['max_workers', 'size'],
    ['maxOverflow', 'overflow'],
    ['queueSize', 'maxQueue'],
    ['acquireTimeoutMillis', 'checkoutTimeoutMs, in milliseconds'],
    ['callTimeoutMs', 'timeoutMs'],
    ['startupTimeoutMs', 'startTimeoutMs'],
    ['shutdownTimeout', 'closeTimeoutMs, in milliseconds'],
    ['maxTasksPerChild', 'maxCalls'],
    ['memoryLimit', 'maxMemoryBytes, in bytes'],
    ['maxRetries', 'maxAttempts'],
    ['pythonPath', 'python'],
    ['interpreter', 'python'],
    ['environment', 'env'],
    ['workingDirectory', 'cwd'],
    ['user', 'uid'],
    ['affinity', 'selection'],
    // what stands within another
    ['maxFrameBytes', 'limits.maxFrameBytes'],
    ['ttlMs', 'sessions.ttlMs'],
    ['inherit', 'env.inherit'],
    ['interruptMs', 'cancelGraces.interruptMs'],
    ['nofile', 'rlimits.nofile'],
    ['memlock', 'rlimits.memlock'],
    ['sigpending', 'rlimits.sigpending'],
    ['rss', 'rlimits.rss'],
    ['interruptTimeout', 'cancelGraces.interruptMs'],
    ['interruptTimeoutMs', 'cancelGraces.interruptMs'],
    ['maxFrame', 'limits.maxFrameBytes'],
  ])('as %s is answered with %s', (name, meant) => {
    expect(refusal({ [name]: 5 })).toBe(
      `Invalid options of a Python pool: ${name}: there is no such option (did you mean ${meant}?).`,
    );
  });

  it.each([
    [{ cancelGraces: { interrupt: 5 } }, 'cancelGraces.interrupt', 'interruptMs, in milliseconds'],
    [{ cancelGraces: { sig_int_ms: 5 } }, 'cancelGraces.sig_int_ms', 'sigintMs'],
    [{ limits: { maxFrame: 5 } }, 'limits.maxFrame', 'maxFrameBytes, in bytes'],
    [{ env: { inherits: [] } }, 'inherits', 'inherit'],
    [{ sessions: { ttl: 5 } }, 'ttl', 'ttlMs, in milliseconds'],
    [{ sessions: { max_sessions: 5 } }, 'max_sessions', 'maxSessions'],
    [{ rlimits: { no_file: 5 } }, 'rlimits.no_file', 'nofile'],
  ])('as %j is answered, too', (options, name, meant) => {
    expect(refusal(options)).toContain(`: ${name}: there is no such option (did you mean ${meant}?).`);
  });

  it.each([
    [
      { sessions: { maxQueue: 5 } },
      'sessions.maxQueue: maxQueue is an option of the pool: it stands beside sessions, not in it',
    ],
    [{ env: { cwd: '/' } }, 'env.cwd: cwd is an option of the pool: it stands beside env, not in it'],
    [
      { deadline: 5 },
      'deadline: it is an option of a call, pool.call(name, args, { deadline }), not of the pool',
    ],
    [{ signal: 5 }, 'signal: it is an option of a call, pool.call(name, args, { signal }), not of the pool'],
  ])('of the place, %j, is answered with where it belongs', (options, message) => {
    expect(refusal(options)).toBe(`Invalid options of a Python pool: ${message}.`);
  });

  it('that is like none is answered with all that there are, and none hides another', () => {
    const message = refusal({ colour: 5, tiemoutMs: 5 });
    expect(message).toMatch(
      /colour: there is no such option \(there are module, .*, closeTimeoutMs, .*\); tiemoutMs: /,
    );
    expect(message).toMatch(/tiemoutMs: there is no such option \(did you mean timeoutMs\?\)\.$/);
  });

  it('is none where it is undefined', () => {
    expect(refusal({ colour: undefined, sizes: 1 })).not.toContain('colour');
  });
});

describe('a slip after that', () => {
  it.each([
    [
      { timeout: 5 },
      'Call option timeout: there is no such option (did you mean timeoutMs, in milliseconds?).',
    ],
    [{ timeout_ms: 5 }, 'Call option timeout_ms: there is no such option (did you mean timeoutMs?).'],
    [{ abortSignal: 5 }, 'Call option abortSignal: there is no such option (did you mean signal?).'],
    [{ prio: 5 }, 'Call option prio: there is no such option (did you mean priority?).'],
  ])('in the options of a call: %j', async (options, message) => {
    await using pool = fakePool({ f: () => 1 });
    await expect(pool.call('f', [], options as never)).rejects.toThrow(message);
  });

  it('in the options of close()', async () => {
    await using pool = fakePool({ f: () => 1 });
    await expect(pool.close({ timeout: 5 } as never)).rejects.toThrow(
      'Close option timeout: there is no such option (did you mean timeoutMs, in milliseconds?).',
    );
  });

  it.each([
    ['workerReady', 'worker-ready'],
    ['worker_exit', 'worker-exit'],
    ['exit', 'worker-exit'],
    ['close', 'closed'],
    ['stderr', 'output'],
    ['logs', 'log'],
    ['circuitOpen', 'circuit-open'],
  ])('in the name of an event: %s', async (event, meant) => {
    await using pool = fakePool({ f: () => 1 });
    expect(() => pool.on(event as never, () => undefined)).toThrow(
      `There is no event "${event}". Did you mean "${meant}"?`,
    );
  });
});
