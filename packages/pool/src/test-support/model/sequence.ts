import { startFailed } from '../fake-worker.js';
import { flush } from '../fake-clock.js';
import { hold, same } from './broken.js';
import { answerEach, busyOf, drawEvent, happen, obey } from './events.js';
import { checkAll } from './invariants.js';
import { Model } from './model.js';

/** Events of a sequence while its pool is open. */
const STEPS = 80;
/** Events while it closes. */
const CLOSING_STEPS = 20;
/** Rounds in which everybody does what is asked of him: a pool that is not closed then never will be. */
const ROUNDS = 60;

/** What broke, and how to see it again. */
export class BrokenSequence extends Error {
  /** In one line. */
  readonly what: string;

  constructor(
    readonly seed: number,
    events: readonly string[],
    cause: unknown,
  ) {
    const what = cause instanceof Error ? cause.message : String(cause);
    super(
      [
        what,
        `after ${events.length} events, the last of them ${events.slice(-8).join(', ')}`,
        `again: npm run model -- --seed ${seed} --sequences 1`,
      ].join('\n'),
      { cause },
    );
    this.what = what;
  }
}

/**
 * One pool from its making to its end: random events, everything that must hold checked after each; then time alone passes, or the pool is
 * closed in the middle of it all.
 *
 * @throws BrokenSequence
 */
export async function runSequence(seed: number): Promise<void> {
  const events: string[] = [];
  try {
    const model = new Model(seed);
    for (let n = 0; n < STEPS; n += 1) await step(model, events);
    if (model.dice.chance(0.3)) await wait(model, events);
    await close(model, events);
  } catch (error) {
    throw new BrokenSequence(seed, events, error);
  }
}

async function step(model: Model, events: string[]): Promise<void> {
  const name = drawEvent(model);
  events.push(name);
  await happen(model, name);
  await settle(model);
}

/** Let all that is under way come to rest, and look. */
async function settle(model: Model): Promise<void> {
  await flush();
  checkAll(model);
}

/** Nobody answers, and no start comes to an end but by its budget: every call settles within its own. */
async function wait(model: Model, events: string[]): Promise<void> {
  events.push('wait');
  for (const leave of [...model.streams.values()]) leave();
  for (let n = 0; n < 60 && model.open.size > 0; n += 1) {
    await model.clock.advance(100);
    // The worker's part of the bargain: what it is asked to end has ended.
    for (const worker of busyOf(model)) obey(worker);
    await settle(model);
  }
  same(model.open.size, 0, 'calls that go on for ever');
}

/** However it stands: a close settles every call, and leaves no worker, no timer and no hold. */
async function close(model: Model, events: string[]): Promise<void> {
  const { core, dice, factory, clock } = model;
  let closed = false;
  const closing = (): void => {
    events.push('close');
    void core.close(dice.chance(0.3), dice.pick([0, 300, 5_000, Infinity])).then(() => (closed = true));
  };
  closing();
  for (let n = 0; n < CLOSING_STEPS && !closed; n += 1) {
    if (dice.chance(0.1)) closing();
    await step(model, events);
  }
  for (let n = 0; n < ROUNDS && !closed; n += 1) {
    events.push('everybody helps');
    for (const start of [...factory.pending]) {
      if (dice.chance(0.5)) start.succeed();
      else start.fail(startFailed('closing'));
    }
    for (const worker of factory.alive) {
      if (worker.dying) worker.reap();
      else answerEach(model, worker);
      worker.letGo();
    }
    await clock.advance(500);
    await settle(model);
  }
  hold(closed, 'close() never ends');
  same(model.open.size, 0, 'calls of a closed pool');
  same(factory.alive.length, 0, 'workers of a closed pool');
  same(core.roster.all.size, 0, 'workers that a closed pool knows');
  same(model.reloaded, model.reloads, 'reloads that ended');
  same(model.drained, model.drains, 'drains that ended');
  same(factory.closed, 1, 'closes of the factory');
  same(clock.holds, 0, 'holds of a closed pool');
  same(clock.timers, 0, 'timers of a closed pool');
}
