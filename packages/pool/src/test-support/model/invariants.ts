import { approximateBytes } from '@pypool/protocol';

import type { PendingCall } from '../../call/pending-call.js';
import type { LimitReached } from '../../strategies/recycling.js';
import { isLoss } from '../../worker/worker-record.js';
import { Broken, hold, same } from './broken.js';
import { BUDGETS } from './draw-pool.js';
import { entryIdOf } from './entry.js';
import type { Model } from './model.js';

/** What must hold whenever nothing is under way. @throws Broken */
export function checkAll(model: Model): void {
  model.rethrow();
  for (const check of CHECKS) check(model);
}

/** Nothing but what is forced is done any more: the pool no longer starts, nor refuses. */
function isStopping({ core }: Model): boolean {
  return (
    core.closing.state === 'forced' || core.closing.state === 'stopping' || core.closing.state === 'closed'
  );
}

function isPausing({ core, clock }: Model): boolean {
  return core.policy.pausedUntil > clock.now() && clock.timers > 0;
}

const CHECKS: readonly ((model: Model) => void)[] = [
  eachCallIsSomewhere,
  noCallOutlivesItsBudgets,
  theRosterIsTrue,
  nothingIsAheadForLong,
  thereAreNoMoreWorkersThanMayBe,
  functionsKeepTheirLimits,
  whatWaitsIsCounted,
  whoWaitsIsOnTheWayToAWorker,
  anOpenCircuitIsProbed,
  workersAreReplacedOneAtATime,
  theProcessIsHeldWhileSomebodyWaits,
];

/** A call is settled once, or waits, or a worker has it; what the pool counts is what its callers and workers see. */
function eachCallIsSomewhere({ core, factory, entries, open }: Model): void {
  const { calls, counters } = core;
  const settled = entries.length - open.size;
  same(calls.running + calls.waiting, open.size, 'calls that run or wait');
  same(counters.succeeded + counters.failed, settled, 'calls counted as settled');
  let running = 0;
  let ahead = 0;
  for (const { calls: given, concurrency } of factory.alive) {
    running += Math.min(given.length, concurrency);
    ahead += Math.max(0, given.length - concurrency);
  }
  same(calls.running, running, 'calls that run');
  same(calls.ahead, ahead, 'calls that were sent ahead');
}

/** When its time has come, or its caller has gone, a call is settled or its worker was told to end it. */
function noCallOutlivesItsBudgets({ open, factory, clock, clocksFrom }: Model): void {
  const now = clock.now();
  let ended: Set<number> | undefined;
  for (const entry of open) {
    const late = now >= entry.endsBy(clocksFrom, BUDGETS.startTimeoutMs);
    if (!late && !entry.unwanted) continue;
    ended ??= new Set(
      factory.alive
        .flatMap(({ cancelled, left, calls }) =>
          [...cancelled.map(({ call }) => call), ...left].filter((call) => calls.includes(call)),
        )
        .map(entryIdOf),
    );
    hold(
      ended.has(entry.id),
      () => `${entry.about} goes on although ${late ? 'its time is up' : 'nobody wants it'}`,
    );
  }
}

/** Its sums are those of its workers, and its workers are those that there are. */
function theRosterIsTrue({ core: { roster, calls, capacity } }: Model): void {
  let freePlaces = 0;
  for (const one of roster.ready) freePlaces += one.concurrency - one.inFlight;
  same(roster.freePlaces, freePlaces, 'free places');
  let starting = 0;
  let leavingCalls = 0;
  const slots = new Set<number>();
  for (const record of roster.all) {
    if (record.state.kind === 'starting') starting += 1;
    if (record.state.kind === 'retiring' && !isLoss(record.state.reason)) leavingCalls += record.inFlight;
    slots.add(record.slot);
    same(record.inFlight + record.ahead, record.running.size, `calls of worker ${record.id}`);
    hold(record.ahead === 0 || record.inFlight === record.concurrency, 'calls are ahead of a free place');
    const worker = record.worker as { readonly exit?: unknown } | undefined;
    hold(worker?.exit === undefined, () => `worker ${record.id} is gone, and the pool has not heard of it`);
  }
  same(roster.starting, starting, 'workers that start');
  same(roster.leavingCalls, leavingCalls, 'calls of workers that leave');
  same(slots.size, roster.all.size, 'slots that are taken');
  const most = Math.min(calls.running, capacity.places);
  hold(capacity.taken <= most, () => `${capacity.taken} places are taken, ${most} can be`);
}

/** What a worker has that it has not begun: few, cheap, of functions that are known, and not for long. */
function nothingIsAheadForLong({ core: { options, roster, calls }, clock }: Model): void {
  const { prefetch, queue, selection } = options;
  const allowed = prefetch !== false && queue.sendsAhead === true && selection.sendsAhead === true;
  for (const { id, ahead, running, inFlight, expectedUs, worker } of roster.all) {
    if (ahead === 0) {
      hold(running.size > 0 || expectedUs === 0, () => `${id} has nothing to do, and ${expectedUs} us to do`);
      continue;
    }
    if (!allowed) throw new Broken(`${id} was sent calls ahead`);
    hold(ahead <= prefetch.maxCalls, () => `${id} was sent ${ahead} calls ahead`);
    const behind = [...running].slice(inFlight);
    for (const { call, bytes } of behind.map((one) => ({ call: one.call, bytes: one.aheadBytes }))) {
      hold(call.kind === 'call' && bytes <= prefetch.maxBytes, () => `${call.name} was sent ahead`);
    }
    hold(
      [...calls.limits.lines].every(({ name }) => behind.every(({ call }) => call.name !== name)),
      'a call was sent ahead whose function has a limit',
    );
    const late = behind.filter(({ since }) => clock.now() - since > prefetch.takeBackAfterMs);
    hold(
      late.every((one) => one.askedBack || !one.ahead) || worker?.revoke === undefined,
      () => `${id} keeps ${late.length} calls that it has not begun for long`,
    );
  }
}

function thereAreNoMoreWorkersThanMayBe({ core, most }: Model): void {
  const { roster, turnover, options } = core;
  const { maximum } = core.capacity;
  // One more than there may be while it takes another's place; those that leave after a resize go on until they are done.
  hold(
    roster.live - roster.leaving <= maximum + (core.closing.open ? turnover.extra : 1),
    () => `${roster.live - roster.leaving} workers, ${maximum} may be`,
  );
  hold(roster.live <= most + 1, () => `${roster.live} workers with those that leave, ${most} may be`);
  hold(options.replace === 'before' || turnover.extra === 0, 'one more worker although it is replaced after');
}

function functionsKeepTheirLimits({ core: { calls, roster }, factory }: Model): void {
  for (const { name, limit, running, held } of calls.limits.lines) {
    let run = 0;
    for (const worker of factory.alive) for (const call of worker.calls) if (call.name === name) run += 1;
    same(running, run, `calls of ${name} that run`);
    hold(run <= limit, () => `${run} calls of ${name} run, ${limit} may`);
    // Only while as many run as may, or no place is free.
    hold(
      held.size === 0 || run === limit || roster.freePlaces === 0,
      () => `calls of ${name} are held for nothing`,
    );
  }
}

function whatWaitsIsCounted({ core: { calls, roster, capacity } }: Model): void {
  const queued = [...calls.queue] as PendingCall[];
  same(new Set(queued).size, queued.length, 'calls in the queue, each once');
  same(queued.length + calls.aside + calls.ahead, calls.waiting, 'calls that wait');
  const total = capacity.bytes?.total;
  if (total === undefined) return;
  // What weighs is what waits, and nothing else.
  const waiting = [...queued, ...roster.ready.flatMap(({ bound }) => [...bound])].concat(
    [...calls.limits.lines].flatMap(({ held }) => [...held]),
  ) as PendingCall[];
  same(
    total,
    waiting.reduce((sum, { args }) => sum + approximateBytes(args), 0),
    'bytes that wait',
  );
}

/** THE invariant: whoever waits is on the way to a worker. */
function whoWaitsIsOnTheWayToAWorker(model: Model): void {
  const { calls, roster, capacity, policy } = model.core;
  // Whoever only a new worker could serve is not kept waiting while none can be started.
  if (policy.circuit.state !== 'closed' && roster.ready.length === 0)
    same(calls.waiting - calls.ahead, 0, 'calls that wait while no worker starts');
  const ahead = roster.freePlaces > 0 ? 0 : calls.ahead;
  if (calls.eligible + ahead === 0) return;
  if (calls.eligible > 0) same(roster.freePlaces, 0, 'free places while calls wait for one');
  // A pause has its timer; leaving workers tell when they are gone.
  if (roster.live < capacity.maximum && !isStopping(model))
    hold(roster.starting > 0 || isPausing(model), 'calls wait, and nothing is on its way');
}

/** Whether anybody calls or not; and a probe is under way exactly while the circuit is half-open. */
function anOpenCircuitIsProbed(model: Model): void {
  const { roster, capacity, policy, options, closing } = model.core;
  if (!closing.open) return;
  const { state } = policy.circuit;
  if (state === 'half-open') same(roster.starting, 1, 'probes of a half-open circuit');
  if (state !== 'open' || roster.live >= capacity.maximum) return;
  if (options.replace === 'after' && roster.leaving > 0) return;
  same(roster.starting, 0, 'starts while the circuit is open');
  hold(isPausing(model), 'the circuit is open, and nothing will probe it');
}

/** Except where each call has a worker of its own, or a hard limit ends one; and a reload goes on. */
function workersAreReplacedOneAtATime(model: Model): void {
  const { roster, turnover, options } = model.core;
  let replaced = 0;
  let leaving = 0;
  for (const { state, worker } of roster.all) {
    if (state.kind !== 'retiring') continue;
    leaving += 1;
    if (worker === undefined) continue;
    if (state.reason === 'reloaded') replaced += 1;
    if (state.reason === 'recycled' && !isHard(state.reached)) replaced += 1;
  }
  hold(options.maxCalls === 1 || replaced <= 1, () => `${replaced} workers are replaced at the same time`);
  same(turnover.reloading, model.reloaded < model.reloads, 'whether a reload is pending');
  if (turnover.reloading && leaving === 0)
    hold(roster.starting > 0 || isPausing(model), 'a reload waits, and nothing is on its way');
}

function isHard(reached: LimitReached | undefined): boolean {
  return reached?.option === 'hardMaxMemoryBytes';
}

function theProcessIsHeldWhileSomebodyWaits({
  core,
  open,
  clock,
  reloads,
  reloaded,
  drains,
  drained,
}: Model): void {
  const waits = open.size > 0 || reloaded < reloads || drained < drains || core.roster.starting > 0;
  const held = waits || core.closing.pending;
  same(clock.holds, held ? 1 : 0, 'holds on the process');
}
