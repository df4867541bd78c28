import { createValueCodec, DEFAULT_LIMITS, type PypoolError } from '@pypool/protocol';
import { remediesFor } from '../remedies/remedies.js';
import { MissingModules } from '../remedies/missing-module.js';
import { DEFAULT_GRACES } from '../calls/cancel-ladder.js';
import type { WorkerExit } from './exit.js';
import { FakeProcess, HELLO } from './fake-process.js';
import type { WelcomeFacts } from './handshake.js';
import { ProcessWorker } from './process-worker.js';

/** What has been sent arrives: streams take a few turns of the loop, none of the clock. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** What it has told who watches it, in order. */
export interface Told {
  unavailable: PypoolError[];
  /** What whoever watches it does when it is told that. */
  onUnavailable?: () => void;
  exits: WorkerExit[];
  output: string[];
  logs: number;
  events: string[];
  pongs: number[];
  worn: number;
}

/** A worker, its process, and what it told. */
export interface WatchedWorker {
  readonly fake: FakeProcess;
  readonly worker: ProcessWorker;
  readonly told: Told;
}

/** One that has not said hello. */
export async function launched(concurrency = 1, graces = DEFAULT_GRACES): Promise<WatchedWorker> {
  const fake = await FakeProcess.start();
  const told: Told = { unavailable: [], exits: [], output: [], logs: 0, events: [], pongs: [], worn: 0 };
  const worker = new ProcessWorker({
    process: fake.launched,
    interpreter: '/usr/bin/python3, found by PATH',
    remedies: remediesFor({ env: {}, user: undefined, modules: new MissingModules(undefined, []) }),
    codec: createValueCodec(),
    maxLineBytes: 100,
    welcome: welcomeOf(concurrency),
    cancelGraces: graces,
    maxInterrupts: 1,
    observer: {
      onUnavailable: (error) => {
        told.unavailable.push(error);
        told.onUnavailable?.();
      },
      onExit: (exit) => told.exits.push(exit),
      onOutput: (stream, { line }) => told.output.push(`${stream}: ${line}`),
      onLog: () => (told.logs += 1),
      onEvent: ({ event }) => told.events.push(event),
      onPong: ({ n }) => told.pongs.push(n),
      onWorn: () => (told.worn += 1),
    },
  });
  return { fake, worker, told };
}

/** One that takes calls. */
export async function ready(
  concurrency = 1,
  functions: Parameters<FakeProcess['ready']>[0] = [{ name: 'f' }],
  capabilities = HELLO.capabilities,
  graces = DEFAULT_GRACES,
): Promise<WatchedWorker> {
  const home = await launched(concurrency, graces);
  home.fake.hello({ capabilities });
  home.fake.ready(functions);
  await home.worker.started;
  return home;
}

/** What Node answers a HELLO with. */
export function welcomeOf(concurrency: number): WelcomeFacts {
  return {
    codec: 'json',
    workerId: 'pool-0.1',
    pool: 'pool',
    slot: 0,
    incarnation: 'x',
    modules: [],
    expose: null,
    limits: DEFAULT_LIMITS,
    integers: 'auto',
    unencodable: 'error',
    parentPid: 1,
    parentDeathSignal: false,
    concurrency,
    engine: 'sync',
    logLevel: null,
    rlimits: [],
    outputToken: 'token',
  };
}

/** What a handler answers with that was interrupted. */
export const CANCELLED = { kind: 'cancelled', message: 'the call was cancelled', started: true };
/** How a process ends whose C code crashed. */
export const SEGFAULT = { exitCode: undefined, signal: 'SIGSEGV' };
