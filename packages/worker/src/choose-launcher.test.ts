import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeTransport } from '@pypool/transport-pipe';
import { socketTransport } from '@pypool/transport-socket';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { chooseLauncher, type LauncherFacts } from './choose-launcher.js';
import { resolveEnvironment } from './environment.js';
import type { LaunchFallback } from './launcher/contract.js';

afterEach(() => vi.unstubAllEnvs());

/** What is chosen, and why not the fork server where that was told. */
function choice(facts: Partial<LauncherFacts>): {
  readonly launcher: string;
  readonly transport: string;
  readonly told: readonly LaunchFallback[];
} {
  const told: LaunchFallback[] = [];
  const { launcher, transport } = chooseLauncher({
    launcher: 'auto',
    transport: undefined,
    python: process.execPath, // any file will do: nothing is started
    uid: undefined,
    env: resolveEnvironment({}, { source: {} }),
    platform: 'linux',
    onGuardianLoss: () => undefined,
    onFallback: (fallback) => told.push(fallback),
    ...facts,
  });
  return { launcher: launcher.name, transport: transport.name, told };
}

const byThemselves = (reason: string, message: string) => ({
  launcher: 'spawn',
  transport: 'pipe',
  told: [{ reasons: [reason], message: expect.stringContaining(message) as string }],
});

describe('the launcher', () => {
  it.each([undefined, 'spawn'] as const)('starts each worker by itself with %j, over pipes', (launcher) => {
    expect(choice({ launcher })).toEqual({ launcher: 'spawn', transport: 'pipe', told: [] });
  });

  it.each(['auto', 'fork'] as const)('forks with %j, over a socket', (launcher) => {
    expect(choice({ launcher })).toEqual({ launcher: 'fork-server', transport: 'socket', told: [] });
  });

  it('takes a launcher and a transport as they are', () => {
    const launcher = { name: 'own', launch: vi.fn(), close: vi.fn() };
    const transport = pipeTransport();
    expect(choice({ launcher, transport })).toEqual({ launcher: 'own', transport: 'pipe', told: [] });
  });
});

describe("the launcher 'auto' starts each worker by itself, and says why,", () => {
  it('on other systems than Linux', () => {
    expect(choice({ platform: 'darwin' })).toEqual(byThemselves('platform', 'this is no Linux (darwin)'));
  });

  it('where each slot has an environment of its own', () => {
    expect(choice({ env: undefined })).toEqual(byThemselves('env', 'env is a function of the slot'));
  });

  it.each([3, false] as const)('where libraries may have more than one thread: %j', (threads) => {
    const env = resolveEnvironment({}, { source: {}, threads });
    expect(choice({ env })).toEqual(byThemselves('threads', 'more than one thread each'));
  });

  it('for workers of a user who may not enter the folder of the socket', () => {
    expect(choice({ uid: 12_345 })).toEqual(byThemselves('other-user', 'user 12345 may not enter'));
    expect(choice({ uid: process.geteuid!() }).launcher).toBe('fork-server');
    const transport = socketTransport({ tcp: { host: '127.0.0.1' } });
    expect(choice({ uid: 12_345, transport }).launcher).toBe('fork-server');
  });

  it('where there is no folder for a socket', () => {
    vi.stubEnv('TMPDIR', '/no/such/folder');
    expect(choice({})).toEqual(byThemselves('socket-folder', 'Have TMPDIR name a folder'));
  });

  it('where the path of a socket would be too long, unless one was given that has its own', () => {
    const transport = socketTransport();
    const folder = mkdtempSync(join(tmpdir(), 'x'.repeat(100)));
    try {
      vi.stubEnv('TMPDIR', folder);
      expect(choice({})).toEqual(byThemselves('socket-folder', 'bytes long, and this system takes'));
      expect(choice({ transport }).launcher).toBe('fork-server');
    } finally {
      rmdirSync(folder);
    }
  });
});
