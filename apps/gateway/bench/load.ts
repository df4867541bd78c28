import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** What a server bore. */
export interface Load {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
}

/** Asks a server as fast as it answers, in a process of its own. */
export interface Loader {
  readonly name: 'wrk' | 'autocannon';
  load(url: string, seconds: number, connections: number): Promise<Load>;
}

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const WARM_UP_SECONDS = 2;

/**
 * wrk where it is installed, and else autocannon, which takes as much of the processor for a request as the servers do: on a machine that has no
 * core to spare for it, every server looks alike.
 */
export function chooseLoader(): Loader {
  return spawnSync('wrk', ['-v']).error === undefined ? WRK : AUTOCANNON;
}

const WRK: Loader = {
  name: 'wrk',
  async load(url, seconds, connections) {
    const args = (duration: number): string[] => [
      ...['-t', '1', '-c', String(connections), '-d', String(duration)],
      ...['-s', path('./load.lua'), url],
    ];
    await run('wrk', args(WARM_UP_SECONDS));
    return lastLine(await run('wrk', args(seconds)));
  },
};

const AUTOCANNON: Loader = {
  name: 'autocannon',
  async load(url, seconds, connections) {
    const args = [url, seconds, connections, WARM_UP_SECONDS].map(String);
    return lastLine(await run(process.execPath, [path('./load.mjs'), ...args]));
  },
};

async function run(file: string, args: readonly string[]): Promise<string> {
  return (await promisify(execFile)(file, args)).stdout;
}

function lastLine(output: string): Load {
  return JSON.parse(output.trim().split('\n').at(-1)!) as Load;
}
