import type { JSX, TargetedKeyboardEvent } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { COLOURS_CHANGED } from '../look/theme.js';
import { timeOfDay } from '../look/format.js';

/** One line of a chart. */
export interface ChartLine {
  readonly label: string;
  /** Name of a custom property of the style sheet. */
  readonly colour: string;
  /** Drawn dashed, so that lines differ by more than their colour. */
  readonly dashed?: boolean;
  /** Fill the space below. */
  readonly filled?: boolean;
}

export interface ChartProps {
  readonly title: string;
  readonly lines: readonly ChartLine[];
  /** Moments in seconds since the Unix epoch, then the values of each line; the same array as before means nothing new. */
  readonly data: uPlot.AlignedData;
  /** How much of the past is shown. */
  readonly windowSeconds: number;
  /** Values of any size in one picture, each power of ten as high as the next. @defaultValue false */
  readonly logarithmic?: boolean;
  /** The upper end of the axis is never below. */
  readonly leastTop: number;
  readonly format: (value: number | null | undefined) => string;
  /** For the axis, where there is less room. @defaultValue as `format` */
  readonly formatTick?: (value: number) => string;
}

const HEIGHT = 150;

/** Where uPlot puts a pointer that is not over the chart. */
const OUTSIDE = -10;

/** How far a key moves through the past, in seconds. */
const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  PageDown: -30,
  PageUp: 30,
  Home: -Infinity,
  End: Infinity,
  Escape: Infinity,
};

/** Lines over time, with their values below the title: the latest, or those under the pointer, which keys move as well. */
export function Chart({ title, data, ...look }: ChartProps): JSX.Element {
  const { lines, format } = look;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const [pointed, setPointed] = useState<number | null>(null);
  /** The moment that keys have gone to, in seconds. */
  const chosen = useRef<number>(undefined);

  useEffect(() => {
    const target = place.current!;
    const options = chartOptions({ ...look, onPoint: setPointed });
    const made = new uPlot({ ...options, width: target.clientWidth, height: HEIGHT }, data, target);
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: target.clientWidth, height: HEIGHT }));
    resized.observe(target);
    const recolour = (): void => made.redraw(false);
    addEventListener(COLOURS_CHANGED, recolour);
    return () => {
      removeEventListener(COLOURS_CHANGED, recolour);
      resized.disconnect();
      made.destroy();
    };
    // What a chart shows is fixed; only its data change, below.
  }, []);

  useEffect(() => {
    plot.current?.setData(data);
    // The past moves on below a pointer that rests; whoever goes by keys would get nowhere so. uPlot moves it at the end of this turn.
    if (chosen.current !== undefined) queueMicrotask(() => pointAt(chosen.current));
  }, [data]);

  /** As the pointer does: uPlot moves its line there, and tells us. */
  function pointAt(moment: number | undefined): void {
    chosen.current = moment;
    const left = moment === undefined ? OUTSIDE : plot.current!.valToPos(moment, 'x');
    plot.current?.setCursor({ left, top: moment === undefined ? OUTSIDE : 0 });
  }

  const last = data[0].length - 1;
  const shown = pointed !== null && pointed <= last ? pointed : last;
  const values = lines.map((_, at) => data[at + 1]?.[shown]);
  const seconds = data[0][shown];
  const said = lines.map(({ label }, at) => `${label} ${format(values[at])}`).join(', ');

  function move(event: TargetedKeyboardEvent<HTMLDivElement>): void {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    // Beyond the last second there is none: that is now.
    pointAt(data[0][Math.max(0, shown + step)]);
  }

  return (
    <figure class="chart">
      <figcaption>
        <h3>{title}</h3>
        <span class="moment">
          {pointed === null || seconds === undefined ? 'now' : timeOfDay(seconds * 1000)}
        </span>
        <ul class="legend">
          {lines.map(({ label, colour, dashed }, at) => (
            <li key={label}>
              <span
                class={dashed === true ? 'key dashed' : 'key'}
                style={{ borderTopColor: `var(${colour})` }}
              />
              {label} <b>{format(values[at])}</b>
            </li>
          ))}
        </ul>
      </figcaption>
      <div
        ref={place}
        class="plot"
        role="slider"
        tabIndex={0}
        aria-label={`${title} over time`}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, last)}
        aria-valuenow={Math.max(0, shown)}
        aria-valuetext={pointed === null ? `now: ${said}` : `${timeOfDay(seconds! * 1000)}: ${said}`}
        onKeyDown={move}
        onBlur={() => pointAt(undefined)}
      />
    </figure>
  );
}

interface Shown extends Omit<ChartProps, 'title' | 'data'> {
  readonly onPoint: (index: number | null) => void;
}

function chartOptions({
  lines,
  windowSeconds,
  leastTop,
  logarithmic = false,
  format,
  formatTick = format,
  onPoint,
}: Shown): Omit<uPlot.Options, 'width' | 'height'> {
  const axis: uPlot.Axis = {
    stroke: () => colourOf('--muted'),
    grid: { stroke: () => colourOf('--grid'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  };
  return {
    legend: { show: false },
    padding: [8, 8, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, sync: { key: 'load' }, points: { size: 6 } },
    hooks: { setCursor: [(self) => onPoint(self.cursor.idx ?? null)] },
    scales: {
      // Always the same length, so that lines move at one speed from the first sample on.
      x: { range: (_, __, max) => [max - windowSeconds, max] },
      y: logarithmic
        ? { distr: 3, range: (_, min, max) => powersAround(min, Math.max(leastTop, max)) }
        : { range: (_, __, max) => [0, Math.max(leastTop, max * 1.1)] },
    },
    axes: [
      {
        ...axis,
        size: 24,
        space: 70,
        values: (_, moments) => moments.map((moment) => timeOfDay(moment * 1000).slice(0, 5)),
      },
      {
        ...axis,
        size: 58,
        space: 34,
        values: (_, values) => values.map(formatTick),
        ...(logarithmic
          ? { splits: (_, __, min, max) => powersBetween(min, max), filter: (_, splits) => splits }
          : {}),
      },
    ],
    series: [
      {},
      ...lines.map(({ label, colour, dashed, filled }, at) => ({
        label,
        stroke: () => colourOf(colour),
        width: 1.75,
        // A second with none beside it would else not be seen at all: a line needs two.
        points: { show: true, size: 4, filter: (self: uPlot) => lonely(self.data[at + 1]!) },
        ...(dashed === true ? { dash: [5, 4] } : {}),
        ...(filled === true ? { fill: () => colourOf(`${colour}-soft`) } : {}),
      })),
    ],
  };
}

/** Where a value stands with none before and after it. */
function lonely(values: ArrayLike<number | null | undefined>): number[] {
  return Array.from(values, (_, at) => at).filter(
    (at) => values[at] != null && values[at - 1] == null && values[at + 1] == null,
  );
}

/** The powers of ten that hold all values; of one where there is none. */
function powersAround(min: number | null, max: number): [number, number] {
  const low = min !== null && min > 0 ? Math.floor(Math.log10(min)) : -1;
  return [10 ** low, 10 ** Math.max(low + 1, Math.ceil(Math.log10(max)))];
}

function powersBetween(min: number, max: number): number[] {
  const low = Math.round(Math.log10(min));
  return Array.from({ length: Math.round(Math.log10(max)) - low + 1 }, (_, at) => 10 ** (low + at));
}

/** What a custom property stands for now: the canvas knows no `var()` or `light-dark()`. */
function colourOf(property: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${property})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
