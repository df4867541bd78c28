import type { Medians } from './alternate.js';
import { percentile } from './statistics.js';

/** Two runs of the very same thing must agree this well, or the machine was too noisy for any ratio to count. */
export const NOISE_LIMIT = 1.05;

/** The median over the rounds of the ratio within each round. */
export function ratioOf(medians: Medians, subject: string, base: string): number {
  const bases = medians.get(base)!;
  return percentile(
    medians.get(subject)!.map((value, round) => value / bases[round]!),
    0.5,
  );
}

/** How far apart two runs of the same thing are: 1 is not at all. */
export function noiseOf(medians: Medians, subject: string, twin: string): number {
  const ratio = ratioOf(medians, subject, twin);
  return Math.max(ratio, 1 / ratio);
}

/** A ratio as the difference it makes. */
export function percent(ratio: number): string {
  return `${((ratio - 1) * 100).toFixed(1)} %`;
}
