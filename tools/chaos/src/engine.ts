import type { Engine } from 'pypool';
import type { Random } from './random.js';

/** Calls that a worker of the lab runs at once, to draw from: few enough that others wait. */
const CONCURRENCIES: Readonly<Record<Engine, readonly [number, ...number[]]>> = {
  sync: [1],
  async: [4, 16],
  threads: [2, 4],
};

const ENGINES = ['sync', 'async', 'threads'] as const satisfies readonly Engine[];

/** How workers run calls, and how many at once. */
export interface EngineChoice {
  readonly engine: Engine;
  readonly concurrency: number;
}

/** @param engine the one that was asked for; drawn where none was */
export function chooseEngine(random: Random, engine: Engine = random.pick(ENGINES)): EngineChoice {
  return { engine, concurrency: random.pick(CONCURRENCIES[engine]) };
}

/** @throws Error that names the engines there are. */
export function engineNamed(name: string): Engine {
  const engine = ENGINES.find((one) => one === name);
  if (engine !== undefined) return engine;
  throw new Error(`--engine takes one of ${ENGINES.join(', ')}, not ${name}`);
}
