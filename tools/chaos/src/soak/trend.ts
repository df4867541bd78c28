/** How a figure moved over time. */
export interface Trend {
  readonly mean: number;
  /** Of the mean, a minute. By least squares. */
  readonly slopePercent: number;
  /** Standard error of the slope: what noise alone makes of it, about two times out of three. */
  readonly errorPercent: number;
}

/** Fit a line. @param points - `[minutes, value]`, at least three */
export function trendOf(points: readonly (readonly [number, number])[]): Trend {
  const n = points.length;
  const meanTime = points.reduce((sum, [time]) => sum + time, 0) / n;
  const mean = points.reduce((sum, [, value]) => sum + value, 0) / n;
  const spread = points.reduce((sum, [time]) => sum + (time - meanTime) ** 2, 0);
  const slope = points.reduce((sum, [time, value]) => sum + (time - meanTime) * (value - mean), 0) / spread;
  const rest = points.reduce(
    (sum, [time, value]) => sum + (value - mean - slope * (time - meanTime)) ** 2,
    0,
  );
  const error = Math.sqrt(rest / (n - 2) / spread);
  return { mean, slopePercent: (slope / mean) * 100, errorPercent: (error / mean) * 100 };
}

/**
 * The median of so many points after each other, in the place of all of them: what happens once and is over is noise, and one extreme value
 * of many would tilt the line. What is left over at the beginning is dropped.
 */
export function medians(
  points: readonly (readonly [number, number])[],
  size: number,
): (readonly [number, number])[] {
  const groups = Math.floor(points.length / size);
  const begin = points.length - groups * size;
  return Array.from({ length: groups }, (_, at) => {
    const group = points.slice(begin + at * size, begin + (at + 1) * size);
    return [median(group.map(([time]) => time)), median(group.map(([, value]) => value))] as const;
  });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}
