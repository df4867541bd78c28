import { createError } from '@pypool/protocol';

import { died, startFailed, type FakeWorker } from '../fake-worker.js';
import { hold } from './broken.js';
import { quicken } from './draw-pool.js';
import { entryIdOf } from './entry.js';
import type { Model } from './model.js';

/** What may happen next to a pool, how often in proportion, and how. */
const EVENTS: Readonly<Record<string, readonly [weight: number, happen: (model: Model) => unknown]>> = {
  // Callers
  call: [2, (model) => model.call()],
  burst: [2, (model) => void Array.from({ length: 5 }, () => model.call())],
  stream: [2, (model) => model.stream()],
  abort: [2, abort],
  leave: [1.5, (model) => some(model, [...model.streams.values()])?.()],
  resize: [1, resize],
  reload: [1, (model) => model.reload()],
  drain: [0.3, (model) => model.drain()],

  // Workers that serve
  answer: [3, (model) => withBusy(model, answerOne)],
  answerAll: [2, (model) => busyOf(model).forEach((worker) => answerEach(model, worker))],
  giveBack: [3, (model) => busyOf(model).forEach((worker) => giveBack(model, worker))],
  quicken: [2, ({ core }) => quicken(core)],
  obey: [1, (model) => busyOf(model).forEach(obey)],
  items: [1, (model) => withBusy(model, sendItems)],
  repeat: [1, repeatAnAnswer],
  wear: [
    0.5,
    (model) => someAlive(model)?.observer.onWorn({ option: 'maxInterrupts', value: 17, limit: 16 }),
  ],
  leak: [1, (model) => leak(someAlive(model))],
  linger: [0.5, (model) => linger(someAlive(model))],
  letGo: [1, (model) => model.factory.alive.forEach((worker) => worker.letGo())],

  // Workers that come and go
  startSucceeds: [3, (model) => model.factory.pending[0]?.succeed()],
  laterStartSucceeds: [0.5, (model) => some(model, model.factory.pending)?.succeed()],
  startsAndDies: [0.3, (model) => model.factory.pending[0]?.succeed().die()],
  startFails: [1, (model) => model.factory.pending[0]?.fail(startFailed('bad luck'))],
  startsFail: [
    1,
    (model) => [...model.factory.pending].forEach((start) => start.fail(startFailed('broken'))),
  ],
  die: [1, (model) => someAlive(model)?.die()],
  dieUnreaped: [0.5, (model) => someAlive(model)?.die({ reap: false })],
  lose: [0.7, (model) => lose(someAlive(model))],
  reap: [1, (model) => model.factory.alive.find(({ dying }) => dying)?.reap()],

  // Time
  soon: [2, (model) => model.clock.advance(20)],
  later: [1, (model) => model.clock.advance(700)],
  stall: [0.3, (model) => model.clock.stall(1_500)],
};

const NAMES = Object.keys(EVENTS);
const TOTAL = NAMES.reduce((sum, name) => sum + EVENTS[name]![0], 0);

/** Draw the name of an event. */
export function drawEvent({ dice }: Model): string {
  let left = dice.next() * TOTAL;
  for (const name of NAMES) {
    left -= EVENTS[name]![0];
    if (left < 0) return name;
  }
  return NAMES[0]!;
}

/** Let an event happen. */
export async function happen(model: Model, name: string): Promise<void> {
  await EVENTS[name]![1](model);
}

/** A worker answers all that it has, as a worker of good will does: what it was asked to end has ended. */
export function answerEach(model: Model, worker: FakeWorker): void {
  obey(worker);
  for (const call of [...worker.calls]) if (worker.calls.includes(call)) model.answer(worker, call);
}

/** A worker says of what it was asked back for how much of that has not begun. What it was to end besides never begins. */
function giveBack(model: Model, worker: FakeWorker): void {
  worker.giveBack([...worker.asked].filter(() => model.dice.chance(0.7)));
}

/** A worker has ended what it was asked to end. */
export function obey(worker: FakeWorker): void {
  for (const { call, error } of worker.cancelled) if (worker.calls.includes(call)) worker.fail(error, call);
  for (const call of worker.left) if (worker.calls.includes(call)) worker.answer(undefined, call);
}

/** Workers that have a call. */
export function busyOf(model: Model): FakeWorker[] {
  return model.factory.alive.filter(({ calls }) => calls.length > 0);
}

function some<T>({ dice }: Model, values: readonly T[]): T | undefined {
  return values.length === 0 ? undefined : dice.pick(values);
}

function someAlive(model: Model): FakeWorker | undefined {
  return some(model, model.factory.alive);
}

function withBusy(model: Model, act: (model: Model, worker: FakeWorker) => void): void {
  const worker = some(model, busyOf(model));
  if (worker !== undefined) act(model, worker);
}

function abort(model: Model): void {
  const entry = some(model, [...model.open]);
  if (entry === undefined) return;
  entry.unwanted = true;
  entry.abort.abort();
}

function resize(model: Model): void {
  const size = model.dice.below(5);
  if (!model.core.closing.open) return;
  if (size + model.core.options.overflow === 0) {
    let code: string | undefined;
    try {
      model.core.resize(size);
    } catch (error) {
      ({ code } = error as { code?: string });
    }
    hold(code === 'invalid-options', 'a pool was resized to nothing');
    return;
  }
  model.core.resize(size);
  model.most = Math.max(model.most, model.core.capacity.maximum);
}

/** Mostly the result; now and then that it never began, which is true of a call that sent nothing. */
function answerOne(model: Model, worker: FakeWorker): void {
  // Those behind the first have not begun, and may only have been ended.
  const call = model.dice.pick(worker.calls.slice(0, worker.concurrency));
  const cancelled = worker.cancelled.find((one) => one.call === call);
  const { sent } = model.entries[entryIdOf(call)]!;
  if (cancelled !== undefined && model.dice.chance(0.9)) worker.fail(cancelled.error, call);
  else if (sent === 0 && model.dice.chance(0.1)) worker.fail(died('not-started'), call);
  else model.answer(worker, call);
}

function sendItems(model: Model, worker: FakeWorker): void {
  for (const call of worker.calls.slice(0, worker.concurrency)) if (call.kind === 'stream') model.item(call);
}

/** A worker says something about a call that it has answered. */
function repeatAnAnswer(model: Model): void {
  const call = some(model, model.answered);
  if (call === undefined) return;
  const kind = model.dice.below(5);
  if (kind === 0) call.onResult('late');
  else if (kind === 1) call.onError(died('unknown'));
  else if (kind === 2) call.onItem('late');
  else if (kind === 3) call.onRevoked?.();
  else call.onStart();
}

function leak(worker: FakeWorker | undefined): void {
  if (worker !== undefined) worker.memory += 1_200;
}

/** It is to be ended for the sake of a call, once those beside that had time to finish. */
function lose(worker: FakeWorker | undefined): void {
  if (worker === undefined || worker.closing) return;
  worker.yield(createError({ code: 'execution-timeout', message: 'A call went on.', outcome: 'unknown' }));
}

function linger(worker: FakeWorker | undefined): void {
  if (worker !== undefined) worker.lingers = true;
}
