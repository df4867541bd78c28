import type { CallBegin, CallEnd, CallObserver, CallWatch, ObservedCall } from '@pypool/pool';
import type { Attributes, Histogram, Meter } from '@opentelemetry/api';

import { errorTypeOf } from '../error-type.js';
import { ATTR, CALL_BUCKETS, METRIC, OTHER_METHOD, RPC_SYSTEM } from '../semconv.js';
import { LaterRecords } from './later-records.js';

/** Functions that are told apart; further ones are `_OTHER`. A module that serves as many says little by them. */
const MAX_NAMES = 1_000;

/** How a call ended, as a label: `ok`; `left`, the consumer of a stream had gone; or what is known of one that failed. */
type Outcome = 'ok' | 'left' | 'not-started' | 'unknown' | 'finished';

/**
 * Counts and times calls. Three histograms take a value each per call, which is most of what metrics cost; the count by name and outcome is kept here
 * and read when it is asked for.
 */
export class CallMeter implements CallObserver {
  readonly #pool: string;
  readonly #duration: Histogram;
  readonly #wait: Histogram;
  readonly #use: Histogram;
  readonly #ofPool: Attributes;
  readonly #later = new LaterRecords();
  /** Of each name that is known to be a function, what its successes are recorded with, and how its calls ended. */
  readonly #names = new Map<string, CountedName>();
  #ended = false;

  constructor(pool: string, meter: Meter) {
    const advice = { explicitBucketBoundaries: CALL_BUCKETS };
    this.#pool = pool;
    this.#ofPool = { [ATTR.POOL_NAME]: pool };
    this.#duration = meter.createHistogram(METRIC.CALL_DURATION, {
      description: 'From the call to its result, the wait included; of a stream to its end.',
      unit: 's',
      advice,
    });
    this.#wait = meter.createHistogram(METRIC.QUEUE_WAIT, {
      description: 'How long calls waited until a worker began with them.',
      unit: 's',
      advice,
    });
    this.#use = meter.createHistogram(METRIC.WORKER_USE_TIME, {
      description: 'How long workers took from the beginning of a call to its answer.',
      unit: 's',
      advice,
    });
  }

  onSubmitted(call: ObservedCall): CallWatch {
    return new MeteredCall(this, call.name);
  }

  waited(waitMs: number): void {
    if (!this.#ended) this.#later.add(this.#wait, waitMs / 1000, this.#ofPool);
  }

  settled(name: string, { error, left, totalMs, executionMs }: CallEnd): void {
    if (this.#ended) return;
    // That a worker began with it says nothing yet: it may have been ended before Python looked for the function.
    const isFunction =
      error === undefined ||
      (error.code !== 'unknown-function' && (error.outcome === 'finished' || this.#names.has(name)));
    const counted = this.#counted(isFunction ? name : OTHER_METHOD);
    counted.ends[left ? 'left' : error === undefined ? 'ok' : error.outcome] += 1;
    const failed = error !== undefined && !left;
    const attributes = failed
      ? { ...counted.attributes, [ATTR.ERROR_TYPE]: errorTypeOf(error) }
      : counted.attributes;
    this.#later.add(this.#duration, totalMs / 1000, attributes);
    if (executionMs !== undefined) this.#later.add(this.#use, executionMs / 1000, this.#ofPool);
  }

  /** Record what has been told and is not recorded yet. */
  record(): void {
    this.#later.record();
  }

  /** Nobody asks any more: calls that are under way are not recorded. */
  end(): void {
    this.record();
    this.#ended = true;
  }

  /** Tell how calls ended, by name and outcome. */
  observe(result: { observe: (count: number, attributes: Attributes) => void }): void {
    for (const { attributes, ends } of this.#names.values()) {
      for (const [outcome, count] of Object.entries(ends)) {
        if (count > 0) result.observe(count, { ...attributes, [ATTR.CALL_OUTCOME]: outcome });
      }
    }
  }

  #counted(name: string): CountedName {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    if (this.#names.size >= MAX_NAMES && name !== OTHER_METHOD) return this.#counted(OTHER_METHOD);
    const counted = {
      attributes: {
        [ATTR.RPC_SYSTEM_NAME]: RPC_SYSTEM,
        [ATTR.RPC_METHOD]: name,
        [ATTR.POOL_NAME]: this.#pool,
      },
      ends: { ok: 0, left: 0, 'not-started': 0, unknown: 0, finished: 0 },
    };
    this.#names.set(name, counted);
    return counted;
  }
}

interface CountedName {
  readonly attributes: Attributes;
  readonly ends: Record<Outcome, number>;
}

class MeteredCall implements CallWatch {
  readonly #meter: CallMeter;
  readonly #name: string;
  /** The wait of one that was sent ahead and seems to have begun: its worker may give it back all the same, and then it goes on. */
  #aheadWaitMs: number | undefined;

  constructor(meter: CallMeter, name: string) {
    this.#meter = meter;
    this.#name = name;
  }

  onBegan({ waitMs, aheadMs }: CallBegin): void {
    if (aheadMs > 0) this.#aheadWaitMs = waitMs;
    else this.#meter.waited(waitMs);
  }

  onTakenBack(): void {
    this.#aheadWaitMs = undefined;
  }

  onRetried(): void {
    this.#tellWait();
  }

  onSettled(end: CallEnd): void {
    this.#tellWait();
    this.#meter.settled(this.#name, end);
  }

  #tellWait(): void {
    if (this.#aheadWaitMs === undefined) return;
    this.#meter.waited(this.#aheadWaitMs);
    this.#aheadWaitMs = undefined;
  }
}
