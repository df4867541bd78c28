import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { isPypoolError, type PypoolError } from '@pypool/protocol';
import { afterEach, beforeEach } from 'vitest';
import { startPythonWorker, type LoneWorker, type LoneWorkerOptions } from '../src/index.js';
import { pythonsOf, untilGone } from './processes.js';

/** The path of a module in `fixtures/modules`. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`fixtures/modules/${name}`, import.meta.url));
}

/** A worker that serves a module of `fixtures/modules`, for `await using`. */
export function workerFor(module: string, options: Partial<LoneWorkerOptions> = {}): Promise<LoneWorker> {
  return startPythonWorker({ module: fixture(`${module}.py`), ...options });
}

/** What a promise rejects with, which has to be an error of pypool. */
export async function rejection(promise: Promise<unknown>): Promise<PypoolError> {
  const error = await promise.then(
    (value) => new Error(`resolved with ${inspect(value, { maxStringLength: 200 })}`),
    (reason: unknown) => reason,
  );
  if (isPypoolError(error)) return error;
  throw error;
}

/** Have the operating system asked after each test of a file: no process and no socket of it may be left. */
export function leavesNothing(): void {
  if (process.platform !== 'linux') return;
  let sockets = 0;
  beforeEach(() => {
    sockets = openSockets();
  });
  afterEach(async () => {
    await untilGone(pythonsOf(process.pid));
    for (let tries = 0; openSockets() > sockets; tries++) {
      if (tries === 6_000) throw new Error(`${openSockets() - sockets} sockets were left open`);
      await wait(5);
    }
  });
}

/** Sockets that this process has open. */
export function openSockets(): number {
  return readdirSync('/proc/self/fd').filter((fd) => linkOf(fd).startsWith('socket:')).length;
}

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return ''; // closed since the folder was listed, as the one that listed it is
  }
}
