// The gateway beside the same function behind FastAPI and uvicorn, 2 workers each, asked in turns by a process of its own: `npm run bench -w @pypool/gateway`.
// Exits with 1 where the gateway answers less than twice as many requests a second.

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { provideVenv } from '../../../tools/ready/venv.mjs';
import { chooseLoader, type Load } from './load.js';
import { startFastApi, startGateway, type RunningServer } from './servers.js';

/** How many times as many requests a second it is to answer. */
const GOAL = 2;
const WORKERS = 2;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '6' },
    rounds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '32' },
  },
});
const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const venv = provideVenv({
  folder: path('../../../.cache/gateway-bench'),
  requirements: path('./requirements.txt'),
  holds: 'FastAPI and uvicorn',
});
if ('missing' in venv) console.log(`SKIPPED FastAPI, which cannot be installed: ${venv.missing}`);

/** Who is asked, and where. What FastAPI serves on its event loop blocks everything else: what it takes to do without that is the goal's measure. */
const ASKED = [
  { name: 'gateway', start: () => startGateway(WORKERS), path: '/call/score' },
  ...('bin' in venv
    ? [
        { name: 'FastAPI, def', start: () => startFastApi(venv.bin, WORKERS), path: '/call/score' },
        { name: 'FastAPI, async def', start: () => startFastApi(venv.bin, WORKERS), path: '/inline/score' },
      ]
    : []),
];

const loader = chooseLoader();
const loads = new Map<string, Load[]>();
for (let round = 0; round < Number(values.rounds); round += 1)
  for (const { name, start, path: asked } of ASKED)
    loads.set(name, [...(loads.get(name) ?? []), await loadOf(start(), asked)]);

console.log(
  `${WORKERS} workers, ${values.connections} connections of ${loader.name}, the median of ${values.rounds} rounds of ${values.seconds} s:\n`,
);
console.log('                     requests/s   p50 ms   p99 ms   failed   gateway answers');
const ours = median(loads.get('gateway')!);
for (const { name } of ASKED) {
  const { perSecond, p50Ms, p99Ms, failed } = median(loads.get(name)!);
  const columns = [p50Ms, p99Ms, failed].map((figure) => String(figure).padStart(8)).join(' ');
  const times = name === 'gateway' ? '' : `   ${(ours.perSecond / perSecond).toFixed(2)} times as many`;
  console.log(`${name.padEnd(20)} ${String(Math.round(perSecond)).padStart(10)} ${columns}${times}`);
}
const same = loads.get('FastAPI, def');
if (same !== undefined) {
  const isMet = ours.failed === 0 && ours.perSecond >= GOAL * median(same).perSecond;
  console.log(
    `\nThe goal, ${GOAL} times as many as the same function (def), is ${isMet ? 'met' : 'missed'}.`,
  );
  if (!isMet) process.exitCode = 1;
}

async function loadOf(starting: Promise<RunningServer>, asked: string): Promise<Load> {
  await using server = await starting;
  return await loader.load(server.url + asked, Number(values.seconds), Number(values.connections));
}

function median(all: readonly Load[]): Load {
  return all.toSorted((a, b) => a.perSecond - b.perSecond)[Math.floor(all.length / 2)]!;
}
