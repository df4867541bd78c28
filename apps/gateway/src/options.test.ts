import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { readCommandLine, reasonOf, TOKEN_VARIABLE } from './command-line.js';
import { resolveGatewayOptions } from './options.js';

const module = './served.py';

describe('options', () => {
  it('refuse to serve others without a token, unless that is asked for', () => {
    for (const host of ['0.0.0.0', '::', '10.0.0.1', 'gateway.example']) {
      expect(() => resolveGatewayOptions({ module, host })).toThrow(
        /set a token \(.+\), or open: true \(--open\)/,
      );
      expect(resolveGatewayOptions({ module, host, token: 'secret' }).host).toBe(host);
      expect(resolveGatewayOptions({ module, host, open: true }).host).toBe(host);
    }
    for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost'])
      expect(resolveGatewayOptions({ module, host }).host).toBe(host);
  });

  it.each([
    { port: 70_000 },
    { port: 1.5 },
    { maxBodyBytes: 0 },
    { drainMs: -1 },
    { token: ' ' },
    { stalledClientMs: 0 },
    { maxTimeoutMs: -1 },
    { size: 0 },
    { size: 0, overflow: 0 },
    { maxWorkers: 1 },
    { maxWorkers: 3, size: 4 },
  ])('refuse %j', (option) => {
    const [name] = Object.keys(option);
    expect(() => resolveGatewayOptions({ module, ...option })).toThrow(`the gateway: ${name}: expected`);
  });

  it('refuse one that there is not, and name the one that was meant', () => {
    const resolve = (option: object) => resolveGatewayOptions({ module, ...option });
    expect(() => resolve({ sizes: 2 })).toThrow(
      'Invalid options of the gateway: sizes: there is no such option (did you mean size?).',
    );
    expect(() => resolve({ toString: 1 })).toThrow('toString: there is no such option');
  });

  it('ask for no more time than a request may, and leave it to the pool to judge its size', () => {
    expect(resolveGatewayOptions({ module, maxTimeoutMs: 1_000 }).timeoutMs).toBe(1_000);
    expect(resolveGatewayOptions({ module, size: 1_000 }).maxWorkers).toBe(1_000);
    expect(() => resolveGatewayOptions({ module, size: Infinity })).not.toThrow();
    expect(resolveGatewayOptions({ module, size: 0, overflow: 2 })).toMatchObject({ size: 0, overflow: 2 });
  });

  it('take a token without the white space around it, as of the last line of a file', () => {
    expect(resolveGatewayOptions({ module, token: ' open-sesame\n' }).token).toBe('open-sesame');
  });

  it.each(['open sesame', 'open\nsesame', 'öffne-dich'])(
    'refuse the token %j, which no header would hold, and do not repeat it',
    (token) => {
      const resolve = () => resolveGatewayOptions({ module, token });
      expect(resolve).toThrow(/token: expected printable ASCII characters with no space/);
      expect(resolve).not.toThrow(token);
    },
  );
});

describe('the command line', () => {
  it('says what is served and how, and the environment the token', () => {
    const args = ['a.py', '--port', '0', '--size', '3', '--engine', 'async', '--open', '--no-prefetch'];
    expect(readCommandLine(args, { [TOKEN_VARIABLE]: 'secret' }, 'sample.py')).toEqual({
      module: 'a.py',
      port: 0,
      size: 3,
      engine: 'async',
      open: true,
      prefetch: false,
      drainMs: 1_000,
      token: 'secret',
    });
    expect(readCommandLine([], {}, 'sample.py')).toEqual({ module: 'sample.py', port: 8080, drainMs: 1_000 });
  });

  it.each([
    [['a.py', 'b.py'], /one module, not 2/],
    [['--size', 'two'], /--size takes a number, not "two"/],
    [['--sise', '2'], /Unknown option '--sise'/],
  ])('%j is refused', (args, message) => {
    expect(() => readCommandLine(args, {}, 'sample.py')).toThrow(message);
  });

  it('has a port that is taken told as such', async () => {
    const first = createServer().listen(0, '127.0.0.1');
    await once(first, 'listening');
    const { port } = first.address() as AddressInfo;
    const [error] = await once(createServer().listen(port, '127.0.0.1'), 'error').catch((reason: unknown) => [
      reason,
    ]);
    first.close();
    expect(reasonOf(error)).toBe(
      `Something listens at 127.0.0.1:${port} already: another --port, or 0 for any that is free.`,
    );
  });
});
