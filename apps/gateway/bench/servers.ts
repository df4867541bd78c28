import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A server that runs in a process of its own. */
export interface RunningServer extends AsyncDisposable {
  readonly url: string;
}

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
/** Both import pypool: one for its workers, the other for the decorator. */
const RUNTIME = here('../../../python');

/** The gateway with so many workers, as it is built. */
export function startGateway(workers: number): Promise<RunningServer> {
  const args = [
    here('../dist/main.js'),
    here('./handlers.py'),
    '--port',
    '0',
    '--size',
    String(workers),
    '--drain-ms',
    '0',
  ];
  return start(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] }), 'stdout', {
    url: /^gateway of \S+: (\S+)$/,
    ready: /^ready: /,
  });
}

/** FastAPI with so many workers of uvicorn, on the interpreter of an environment that has them. */
export function startFastApi(bin: string, workers: number): Promise<RunningServer> {
  const args = ['fastapi_app:app', '--workers', String(workers), '--port', '0', '--no-access-log'];
  const child = spawn(join(bin, 'uvicorn'), args, {
    cwd: dirname(here('./fastapi_app.py')),
    env: { ...process.env, PYTHONPATH: RUNTIME, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let started = 0;
  return start(child, 'stderr', {
    url: /running on (http\S+)/,
    // Each worker tells of itself.
    ready: { test: (line) => line.includes('startup complete') && (started += 1) === workers },
  });
}

async function start(
  child: ChildProcess,
  from: 'stdout' | 'stderr',
  { url, ready }: { readonly url: RegExp; readonly ready: Pick<RegExp, 'test'> },
): Promise<RunningServer> {
  const exit = once(child, 'exit');
  const lines: string[] = [];
  let found: string | undefined;
  // Read on, or it would wait for somebody to do so.
  await new Promise<void>((resolve, reject) => {
    createInterface(child[from]!).on('line', (line) => {
      lines.push(line);
      found ??= url.exec(line)?.[1];
      if (ready.test(line)) resolve();
    });
    void exit.then(() =>
      reject(new Error(`a server ended before it was ready:\n${lines.slice(-20).join('\n')}`)),
    );
  });
  return {
    url: found!,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await exit;
    },
  };
}
