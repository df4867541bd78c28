import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createPythonPool, pythonPool, type PythonPool, type PythonPoolOptions } from 'pypool';
import { afterEach, beforeEach, expect } from 'vitest';
import { descendants, processesWithEnv } from './processes.js';
import { chosenSpeed } from './speed.js';
import { chosenTransport } from './transport.js';
import { until } from './until.js';

/** Name of the variable that marks every process of one test, whoever its parent is by now. */
const MARK = 'PYPOOL_SCENARIO';

let mark = '';
let folder = '';
let filesBefore = 0;

/** A folder of this test alone, gone after it. */
export function testFolder(): string {
  return folder;
}

/** The value by which this test's processes are known. */
export function testMark(): { readonly name: string; readonly value: string } {
  return { name: MARK, value: mark };
}

/**
 * What starts the workers, where a scenario does not say so: each by itself, and not what is the default, since over pipes that would be something else
 * than over sockets. `PYPOOL_SCENARIO_LAUNCHER=fork` has all of them run with the fork server.
 */
export const LAUNCHER = (process.env['PYPOOL_SCENARIO_LAUNCHER'] ?? 'spawn') as 'spawn' | 'fork';

/** Holds up calls of `wait_for` and the like until it is opened: for what has to last for as long as something else takes. */
export interface Gate {
  /** The file for which they wait. */
  readonly path: string;
  open(): void;
}

/** A gate of this test alone, closed. */
export function gateOf(name = 'gate'): Gate {
  const path = join(folder, name);
  return { path, open: () => writeFileSync(path, '') };
}

/** Options of a test, with the fixture program by its name. */
export type ScenarioOptions = Omit<Partial<PythonPoolOptions>, 'env'> & {
  readonly env?: Readonly<Record<string, string>>;
};

/** A program of this folder's `python/`, named by how it behaves. */
export function program(name: string): string {
  return fileURLToPath(new URL(`../python/${name}.py`, import.meta.url));
}

/** Resolve a scenario's options to those of the public API. */
export function optionsFor(name: string, { env, ...options }: ScenarioOptions = {}): PythonPoolOptions {
  return {
    module: program(name),
    size: 2,
    overflow: 0,
    launcher: LAUNCHER,
    // A call may wait for one start after another, and each may take seconds.
    checkoutTimeoutMs: 60_000,
    ...chosenSpeed((options.transport ?? chosenTransport(folder).transport)?.remote === true),
    env: { set: { [MARK]: mark, SCENARIO_FOLDER: folder, ...env } },
    ...options,
  };
}

/** A pool of a fixture program, ready. */
export function poolFor(name: string, options?: ScenarioOptions): Promise<PythonPool> {
  return createPythonPool({ ...chosenTransport(folder), ...optionsFor(name, options) });
}

/** A pool of a fixture program that has yet to start. */
export function lazyPoolFor(name: string, options?: ScenarioOptions): PythonPool {
  return pythonPool({ ...chosenTransport(folder), ...optionsFor(name, options) });
}

/** Pids of the pool's live workers, by `status()`. */
export function pidsOf(pool: PythonPool): number[] {
  return pool
    .status()
    .workers.flatMap(({ facts }) => (typeof facts['pid'] === 'number' ? [facts['pid']] : []));
}

/** What a promise was rejected with; fails where it resolves. */
export async function rejection(promise: PromiseLike<unknown>): Promise<any> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`expected a rejection, got ${JSON.stringify(value)}`);
}

/** Open descriptors of this process. */
function openFiles(): number {
  return readdirSync('/proc/self/fd').length;
}

beforeEach(() => {
  mark = randomUUID();
  folder = mkdtempSync(join(tmpdir(), 'pypool-scenario-'));
  filesBefore = openFiles();
});

afterEach(async () => {
  const left = () => [...descendants(), ...processesWithEnv(MARK, mark)];
  try {
    await until('no process of this test is left', () => left().length === 0).catch(() => undefined);
    expect(left().map(({ pid, state, command }) => `${pid} ${state} ${command}`)).toEqual([]);
    // Descriptors of ended pipes close a few turns of the loop after the process is gone.
    await until('no descriptor of this test is left', () => openFiles() <= filesBefore).catch(
      () => undefined,
    );
    expect(openFiles()).toBeLessThanOrEqual(filesBefore);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
