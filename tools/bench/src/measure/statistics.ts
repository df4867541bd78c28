/** The value below which `share` (0 to 1) of the values lie. */
export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError('There is no percentile of no values.');
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, one) => sum + one, 0) / values.length;
}

/** Median, least and greatest: what a row says of the rounds. */
export function spread(values: readonly number[]): { median: number; min: number; max: number } {
  return { median: percentile(values, 0.5), min: Math.min(...values), max: Math.max(...values) };
}
