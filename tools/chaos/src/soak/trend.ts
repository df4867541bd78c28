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
