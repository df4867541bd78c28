import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type uPlot from 'uplot';
import { WINDOW_SECONDS, type Second } from '../connect/page-state.js';
import { count, latency } from '../look/format.js';
import { Section } from '../look/section.js';
import { Chart } from './chart.js';

/** The last five minutes: how much is done, how fast, and what waits. */
export function LoadCharts({ samples }: { readonly samples: readonly Second[] }): JSX.Element {
  const { throughput, latencies, queue } = useMemo(() => chartData(samples), [samples]);
  return (
    <Section id="load" title="Load" note="last 5 minutes">
      <div class="charts">
        <Chart
          title="Calls a second"
          data={throughput}
          windowSeconds={WINDOW_SECONDS}
          leastTop={5}
          format={whole}
          lines={[
            { label: 'ended', colour: '--line-1', filled: true },
            { label: 'failed', colour: '--line-3', dashed: true },
          ]}
        />
        <Chart
          title="Latency"
          data={latencies}
          windowSeconds={WINDOW_SECONDS}
          leastTop={10}
          logarithmic
          format={latency}
          formatTick={powerOfTen}
          lines={[
            { label: 'p50', colour: '--line-1' },
            { label: 'p99', colour: '--line-2', dashed: true },
          ]}
        />
        <Chart
          title="Calls at once"
          data={queue}
          windowSeconds={WINDOW_SECONDS}
          leastTop={4}
          format={whole}
          lines={[
            { label: 'running', colour: '--line-1', filled: true },
            { label: 'queued', colour: '--line-2', dashed: true },
          ]}
        />
      </div>
    </Section>
  );
}

/** A latency that is a power of ten: `0.1 ms`, `10 ms`, `100 s`. */
function powerOfTen(ms: number): string {
  return ms < 1000 ? `${Number(ms.toPrecision(1))} ms` : `${Math.round(ms / 1000)} s`;
}

function whole(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : count(value);
}

function chartData(
  samples: readonly Second[],
): Record<'throughput' | 'latencies' | 'queue', uPlot.AlignedData> {
  const seconds = samples.map(({ time }) => time / 1000);
  const of = (key: Exclude<keyof Second, 'time'>): (number | null)[] => samples.map((sample) => sample[key]);
  return {
    throughput: [seconds, of('calls'), of('failures')],
    latencies: [seconds, of('p50Ms'), of('p99Ms')],
    queue: [seconds, of('running'), of('queued')],
  };
}
