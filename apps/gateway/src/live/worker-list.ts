import type { PoolEvents, WorkerStatus } from '@pypool/pool';
import type { LiveWorker } from './messages.js';

/** How long a slot that nothing has taken shows how its last worker was lost. */
const GONE_MS = 10_000;

/** What the workers of a pool look like, with what `status()` has forgotten: those before them. */
export class WorkerList {
  readonly #exits = new Map<number, number>();
  readonly #gone = new Map<number, LiveWorker>();
  #rss: ReadonlyMap<number, number> = new Map();

  /** A worker has exited. To be told before {@link all} is asked. */
  onExit(event: PoolEvents['worker-exit'], now: number): void {
    const { slot, workerId: id, calls, exit, facts } = event;
    const restarts = this.#exits.get(slot) ?? 0;
    this.#exits.set(slot, restarts + 1);
    // One that left as it should leaves nothing to see.
    if (exit.reason === 'closed') return void this.#gone.delete(slot);
    this.#gone.set(slot, {
      id,
      slot,
      pid: pidOf(facts),
      state: 'gone',
      since: now,
      reason: howItEnded(exit),
      overflow: false,
      running: [],
      ahead: 0,
      calls,
      restarts,
    });
  }

  /** @param rss bytes by pid, kept until there are newer ones */
  measured(rss: ReadonlyMap<number, number>): void {
    this.#rss = rss;
  }

  /** By slot: those that there are, and those that are gone. */
  all(workers: readonly WorkerStatus[], now: number): readonly LiveWorker[] {
    const living = workers.map((worker) => this.#live(worker));
    const taken = new Set(living.map(({ slot }) => slot));
    for (const [slot, { since }] of this.#gone) {
      if (taken.has(slot) || now - since > GONE_MS) this.#gone.delete(slot);
    }
    return [...living, ...this.#gone.values()].sort((a, b) => a.slot - b.slot);
  }

  #live({
    id,
    slot,
    state,
    reason,
    since,
    facts,
    overflow,
    running,
    ahead,
    calls,
  }: WorkerStatus): LiveWorker {
    const pid = pidOf(facts);
    return {
      id,
      slot,
      pid,
      state,
      since,
      reason,
      overflow,
      running: running.map(({ name, kind, since: began, session }) => ({
        function: name,
        kind,
        since: began,
        session: session?.id,
      })),
      ahead,
      rssBytes: pid === undefined ? undefined : this.#rss.get(pid),
      calls,
      restarts: this.#exits.get(slot) ?? 0,
    };
  }
}

function pidOf(facts: Readonly<Record<string, unknown>>): number | undefined {
  return typeof facts['pid'] === 'number' ? facts['pid'] : undefined;
}

function howItEnded({ reason, signal, exitCode }: PoolEvents['worker-exit']['exit']): string {
  const how = signal ?? `exit code ${exitCode}`;
  return reason === 'killed' ? `killed (${how})` : `died (${how})`;
}
