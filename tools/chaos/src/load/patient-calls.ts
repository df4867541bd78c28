import { type Random, Weights } from '../random.js';
import { ask, read, type Target } from './one-call.js';

/** How many sessions the callers share. */
const SESSIONS = 20;

/** What a caller that waits for its answers does, and how often of a hundred times. */
const WEIGHTS = {
  echo: 60,
  async: 4,
  bytes: 3,
  session: 12,
  idempotent: 6,
  nap: 4,
  stream: 5,
  'left stream': 2,
  'failing stream': 1,
  input: 2,
  'left input': 1,
  'failing input': 1,
  'stream of an input': 1,
  failing: 2,
  'sys.exit': 0.5,
  unencodable: 0.3,
  'unknown function': 0.2,
};

/** What a patient caller does. */
export type PatientKind = keyof typeof WEIGHTS;

/** The same where calls are so short that workers can be sent their next ones ahead; the few long ones among them have these taken back. */
const SHORT_WEIGHTS = { ...WEIGHTS, echo: 2_000, idempotent: 100, session: 100, nap: 20 };

const MIXES = { mixed: new Weights(WEIGHTS), short: new Weights(SHORT_WEIGHTS) };

/** What the patient callers ask for: a bit of everything, or short calls with a bit of everything among them. */
export type Mix = keyof typeof MIXES;

/** @param isAhead whether calls may be sent ahead: most of such runs have short calls */
export function chooseMix(random: Random, isAhead: boolean): Mix {
  return random.chance(isAhead ? 0.75 : 0.25) ? 'short' : 'mixed';
}

/**
 * Callers that wait for every answer, one call after another.
 *
 * One signal that never aborts is given with many of their calls: it must have no listener in the end.
 */
export class PatientCalls {
  readonly #target: Target;
  readonly #never: AbortSignal;
  readonly #mix: Mix;

  constructor(target: Target, never: AbortSignal, mix: Mix) {
    this.#target = target;
    this.#mix = mix;
    this.#never = never;
  }

  /** Make one call, of whatever kind the numbers say. Resolves with whether it went well; never rejects. */
  one(random: Random): Promise<boolean> {
    return this.make(MIXES[this.#mix].draw(random), random);
  }

  /** Make one call of a kind. */
  make(kind: PatientKind, random: Random): Promise<boolean> {
    const target = this.#target;
    const { pool } = target;
    const word = random.next().toString(36);
    switch (kind) {
      case 'echo': {
        const options = random.chance(0.1) ? { signal: this.#never } : {};
        return ask(target, { kind, name: 'echo', args: [word], expected: word, options });
      }
      case 'async':
        return ask(target, { kind, name: 'echo_async', args: [word], expected: word });
      case 'bytes': {
        const bytes = random.bytes(random.pick([0, 1, 100, 20_000, 200_000]));
        return ask(target, { kind, name: 'echo', args: [bytes], expected: bytes });
      }
      case 'session': {
        const id = `session-${random.below(SESSIONS)}`;
        if (random.chance(0.01)) pool.sessions.end(id);
        return ask(target, { kind, name: 'in_session', expected: id, door: pool.session(id) });
      }
      case 'idempotent': {
        const options = { idempotent: true };
        return ask(target, { kind, name: 'echo', args: [word], expected: word, options });
      }
      case 'nap': {
        // The processor is for the short calls: a million of them are to run within minutes.
        const name = random.pick(['nap', 'nap_async', 'nap', 'spin']);
        const seconds = Math.round(random.between(1, 12)) / 1_000;
        return ask(target, {
          kind,
          name,
          args: [seconds],
          expected: seconds,
          options: { idempotent: random.chance(0.2) },
        });
      }
      case 'stream':
        return read(target, {
          kind,
          name: random.pick(['count', 'count_async']),
          items: random.below(200),
          args: [0],
          options: { signal: this.#never },
        });
      case 'left stream': {
        const items = 1 + random.below(300);
        return read(target, {
          kind,
          name: random.pick(['count', 'count_async']),
          items,
          args: [0],
          leaveAfter: 1 + random.below(items),
        });
      }
      case 'failing stream':
        return read(target, { kind, name: 'count_and_fail', items: random.below(100) });
      case 'input':
      case 'left input':
      case 'failing input': {
        const items = 1 + random.below(150);
        const at = random.below(items);
        const isFailing = kind === 'failing input';
        const most = kind === 'left input' ? at + 1 : 1_000;
        const shape = { token: word, items, isAsync: random.chance(0.6), ...(isFailing && { throwsAt: at }) };
        const expected = {
          input: `${word}: ${items}`,
          'left input': `${word}: ${at + 1} and left`,
          'failing input': `${word}: ${at} and RangeError`,
        }[kind];
        const name = random.pick(['gather', 'gather_async']);
        return ask(target, { kind, name, args: [word, target.inputs.make(shape), most], expected });
      }
      case 'stream of an input': {
        const items = random.below(150);
        const values = target.inputs.make({ token: word, items, isAsync: random.chance(0.6) });
        const leaveAfter = random.chance(0.3) ? 1 + random.below(150) : Infinity;
        return read(target, { kind, name: 'relay', items, args: [word, values], leaveAfter });
      }
      case 'failing':
        return ask(target, { kind, name: 'fail' });
      case 'sys.exit':
        return ask(target, { kind, name: 'leave' });
      case 'unencodable':
        return ask(target, { kind, name: 'unencodable' });
      case 'unknown function':
        return ask(target, { kind, name: 'no_such_function' });
    }
  }
}
