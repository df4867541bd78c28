import { describe, expect, it } from 'vitest';
import { resolveSocketTransportOptions as resolve, type SocketTransportOptions } from './options.js';
import { tlsOptions } from '../test/certificates.js';

/** What is said of options that are refused. */
function refusal(options: SocketTransportOptions): string {
  try {
    resolve(options);
  } catch (error) {
    expect(error).toMatchObject({ code: 'invalid-options' });
    return (error as Error).message;
  }
  throw new Error('they were taken');
}

describe('resolveSocketTransportOptions', () => {
  it('makes a Unix socket below the temporary folder unless told otherwise', () => {
    expect(resolve({})).toMatchObject({ kind: 'unix', dialTimeoutMs: 10_000 });
    expect(resolve({ folder: '/run/app' })).toMatchObject({ folder: '/run/app' });
  });

  it('refuses a path that the system would cut off, and says what to do', () => {
    const most = process.platform === 'linux' ? 107 : 103;
    const fits = `/${'f'.repeat(most - '/pypool-XXXXXX/s'.length - 1)}`;
    expect(resolve({ folder: fits })).toMatchObject({ folder: fits });
    const message = refusal({ folder: `${fits}f` });
    expect(message).toContain(`${fits}f/pypool-XXXXXX/s`);
    expect(message).toMatch(new RegExp(`${most + 1} bytes.*takes ${most}.*option folder`));
    expect(refusal({ folder: `/${'ü'.repeat(60)}` })).toContain('137 bytes');
  });

  it('takes TCP without TLS on this machine alone', () => {
    for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '::1']) {
      expect(resolve({ tcp: { host } })).toMatchObject({ kind: 'tcp' });
    }
    for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.evil.example', 'localhost.example']) {
      expect(refusal({ tcp: { host } })).toMatch(/without tls.*Add tls/);
    }
  });

  it('refuses what contradicts itself', () => {
    const tls = tlsOptions();
    expect(refusal({ tls })).toContain('tls goes with tcp');
    expect(refusal({ tcp: { host: '::1' }, folder: '/run' })).toContain('folder');
    expect(refusal({ tcp: { host: '0.0.0.0' }, tls })).toContain('tcp.advertise');
    expect(refusal({ tcp: { host: '::1' }, tls: { ...tls, key: '/etc/key.pem' } })).toContain(
      'not their paths',
    );
    expect(refusal({ tcp: { host: '::1' }, tls: { ...tls, ca: '/etc/ca.pem' } })).toContain('not its path');
  });

  it('refuses what it does not know', () => {
    expect(refusal({ path: '/run' } as SocketTransportOptions)).toContain('folder');
    expect(refusal({ dialTimeoutMs: Infinity })).toContain('dialTimeoutMs');
    expect(refusal({ tcp: { host: '::1', port: 70_000 } })).toContain('tcp.port');
  });
});
