import type { JSX } from 'preact';
import type { PageState } from '../connect/page-state.js';
import { count, latency } from '../look/format.js';
import { readyWorkers } from './ready-workers.js';

/** The numbers to look at first: of the last second, but for the failures, which are of a minute. */
export function Figures({
  state: { samples, workers, pool, sessions },
}: {
  readonly state: PageState;
}): JSX.Element {
  const now = samples.at(-1);
  const failures = samples.slice(-60).reduce((sum, sample) => sum + (sample.failures ?? 0), 0);
  const { ready, of, tone } = readyWorkers(workers, pool?.size ?? 0);
  return (
    <dl class="figures" aria-label="Now">
      <Figure name="Workers ready" value={ready} of={of} tone={tone} />
      <Figure name="Calls a second" value={now?.calls} />
      <Figure name="Latency p50" text={latency(now?.p50Ms)} />
      <Figure name="Latency p99" text={latency(now?.p99Ms)} />
      <Figure name="Running" value={now?.running} />
      <Figure name="Queued" value={now?.queued} tone={(now?.queued ?? 0) > 0 ? 'warn' : ''} />
      <Figure name="Failures a minute" value={now && failures} tone={failures > 0 ? 'bad' : ''} />
      <Figure name="Sessions" value={sessions?.open} />
    </dl>
  );
}

interface FigureProps {
  readonly name: string;
  readonly value?: number | null | undefined;
  readonly text?: string;
  readonly of?: string;
  readonly tone?: string;
}

function Figure({ name, value, text, of, tone = '' }: FigureProps): JSX.Element {
  return (
    <div class={`figure ${tone}`}>
      <dt>{name}</dt>
      <dd>
        {text ?? (value === null || value === undefined ? '–' : count(value))}
        {of !== undefined && <small> {of}</small>}
      </dd>
    </div>
  );
}
