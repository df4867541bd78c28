import { fifo, leastBusy, roundRobin, type PythonPoolOptions } from 'pypool';
import { Random } from './random.js';

/** What was asked for; what is left out is drawn from the seed. */
export interface SpeedChoice {
  readonly prefetch?: boolean | undefined;
  readonly sharedMemory?: boolean | undefined;
  readonly launcher?: Launcher | undefined;
}

const ON_OR_OFF = ['on', 'off'] as const;
const LAUNCHERS = ['spawn', 'fork', 'auto'] as const;

type Launcher = (typeof LAUNCHERS)[number];
const KIB = 1024;

/**
 * Whether calls are sent ahead, whether large bytes go through shared memory, and what starts the workers. Each has a sequence of its own: what is
 * asked for changes nothing of what is drawn besides.
 */
export function chooseSpeed(seed: number, choice: SpeedChoice = {}): Partial<PythonPoolOptions> {
  const memory = Random.of(seed, 5);
  const shared = choice.sharedMemory ?? memory.chance(0.5);
  return {
    ...choosePrefetch(Random.of(seed, 4), choice.prefetch),
    launcher: choice.launcher ?? Random.of(seed, 6).pick(LAUNCHERS),
    // Few bytes for all of it: then some have no room, and go through the channel.
    sharedMemory: shared && {
      thresholdBytes: memory.pick([4 * KIB, 64 * KIB]),
      maxBytes: memory.pick([512 * KIB, 64 * KIB * KIB]),
    },
  };
}

/** Whether calls are sent ahead; and in half of the runs, that what is drawn besides does not forbid it. */
function choosePrefetch(random: Random, asked: boolean | undefined): Partial<PythonPoolOptions> {
  const drawn = random.pick<NonNullable<PythonPoolOptions['prefetch']>>([
    false,
    {},
    { maxCalls: 8 },
    { takeBackAfterMs: 2 },
  ]);
  const isForbidden = random.chance(1 / 3);
  const possible = { selection: random.pick([leastBusy(), roundRobin()]), queue: fifo() };
  if (asked === false || (asked === undefined && drawn === false)) return { prefetch: false };
  const prefetch = drawn === false ? {} : drawn;
  return isForbidden && asked === undefined ? { prefetch } : { prefetch, ...possible };
}

/** Whether calls can be sent ahead, by what was chosen. */
export function sendsAhead({ prefetch, queue, selection }: PythonPoolOptions): boolean {
  return prefetch !== false && queue?.sendsAhead === true && selection?.sendsAhead === true;
}

/** @throws Error that names what there is. */
export function speedFrom(values: {
  readonly prefetch?: string | undefined;
  readonly 'shared-memory'?: string | undefined;
  readonly launcher?: string | undefined;
}): SpeedChoice {
  return {
    launcher: oneOf('launcher', LAUNCHERS, values.launcher),
    prefetch: isOn('prefetch', values.prefetch),
    sharedMemory: isOn('shared-memory', values['shared-memory']),
  };
}

function isOn(name: string, value: string | undefined): boolean | undefined {
  const chosen = oneOf(name, ON_OR_OFF, value);
  return chosen === undefined ? undefined : chosen === 'on';
}

function oneOf<T extends string>(
  name: string,
  known: readonly T[],
  value: string | undefined,
): T | undefined {
  if (value === undefined) return undefined;
  const found = known.find((one) => one === value);
  if (found !== undefined) return found;
  throw new Error(`--${name} takes one of ${known.join(', ')}, not ${value}`);
}
