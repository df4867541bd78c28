import { parseArgs } from 'node:util';
import type { Engine } from '@pypool/worker';
import type { GatewayOptions } from './options.js';

/** The variable that holds the token: on a command line everybody could read it. */
export const TOKEN_VARIABLE = 'PYPOOL_GATEWAY_TOKEN';

export const USAGE = `usage: gateway [MODULE] [options]

  MODULE             a Python file, or a dotted name; the sample, unless given
  --host ADDRESS     to listen at (127.0.0.1)
  --port NUMBER      0: any that is free (8080)
  --size NUMBER      steady workers (2)
  --overflow NUMBER  workers beyond these under load (0)
  --engine NAME      sync, async or threads (sync)
  --concurrency N    calls that a worker runs at once (1, 64 with async, 8 with threads)
  --max-queue N      calls that may wait (1000)
  --no-prefetch      send workers no calls ahead: strict priorities, and none waits behind a long one
  --timeout-ms N     budget of a call that says none (60000)
  --max-timeout-ms N the most that a call may ask for as x-timeout-ms (3600000)
  --max-workers N    the most steady workers that /admin/resize may ask for (256)
  --max-body-bytes N largest body of a request (16777216)
  --stalled-client-ms N
                     how long a client may read nothing of a stream or result before it is cut off (30000)
  --drain-ms N       how long it goes on after SIGTERM, so that it is asked no more (1000)
  --open             serve others than this machine without a token
  ${TOKEN_VARIABLE}  in the environment: what requests have to bring as Authorization: Bearer
`;

/** The options of a command line. Throws an `Error` for people where it cannot be read. */
export function readCommandLine(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  sample: string,
): GatewayOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      host: { type: 'string' },
      port: { type: 'string', default: '8080' },
      size: { type: 'string' },
      overflow: { type: 'string' },
      engine: { type: 'string' },
      concurrency: { type: 'string' },
      'max-queue': { type: 'string' },
      'no-prefetch': { type: 'boolean' },
      'timeout-ms': { type: 'string' },
      'max-timeout-ms': { type: 'string' },
      'max-workers': { type: 'string' },
      'max-body-bytes': { type: 'string' },
      'stalled-client-ms': { type: 'string' },
      'drain-ms': { type: 'string', default: '1000' },
      open: { type: 'boolean' },
    },
  });
  if (positionals.length > 1)
    throw new Error(`one module, not ${positionals.length}: ${positionals.join(' ')}`);
  const number = (name: keyof typeof values): number | undefined => {
    const text = values[name];
    if (text === undefined) return undefined;
    const value = typeof text === 'string' && text.trim() !== '' ? Number(text) : NaN;
    if (Number.isNaN(value)) throw new Error(`--${name} takes a number, not ${JSON.stringify(text)}`);
    return value;
  };
  const options = {
    module: positionals[0] ?? sample,
    host: values.host,
    port: number('port'),
    size: number('size'),
    overflow: number('overflow'),
    engine: values.engine as Engine | undefined,
    concurrency: number('concurrency'),
    maxQueue: number('max-queue'),
    prefetch: values['no-prefetch'] === true ? false : undefined,
    timeoutMs: number('timeout-ms'),
    maxTimeoutMs: number('max-timeout-ms'),
    maxWorkers: number('max-workers'),
    maxBodyBytes: number('max-body-bytes'),
    stalledClientMs: number('stalled-client-ms'),
    drainMs: number('drain-ms'),
    open: values.open,
    token: env[TOKEN_VARIABLE],
  };
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as unknown as GatewayOptions;
}

/** Why it was not served, for people. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, address, port } = error as { code?: unknown; address?: unknown; port?: unknown };
  return code === 'EADDRINUSE'
    ? `Something listens at ${String(address)}:${String(port)} already: another --port, or 0 for any that is free.`
    : error.message;
}
