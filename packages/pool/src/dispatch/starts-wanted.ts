/** What the number of starts is decided from. */
export interface StartsInput {
  /** Steady workers there should be, whether there is work or not. */
  readonly steady: number;
  /** Most workers there may be. */
  readonly maximum: number;
  /** Workers that count against the maximum. */
  readonly live: number;
  readonly starting: number;
  /** Of `live`, those that leave: they take nothing more, and count until they are gone. */
  readonly leaving: number;
  /** Calls that ready workers could take. */
  readonly freePlaces: number;
  /** Calls that would start now if there were workers. */
  readonly eligible: number;
  /** Workers' worth of free places to keep besides. */
  readonly spares: number;
  /** Workers that are needed before others may be replaced, beyond all others and the maximum: 0 or 1. */
  readonly extra: number;
  /** Whether a worker is made up for only once it has left. */
  readonly replacesAfter: boolean;
  /** Calls one more worker would take. */
  readonly placesPerWorker: number;
  /** Starts that may run side by side. */
  readonly startConcurrency: number;
}

/**
 * How many workers to start now.
 *
 * Asked anew after every event, so a need that has gone by the time a place among the starts is free brings nobody.
 */
export function startsWanted(input: StartsInput): number {
  const { steady, maximum, live, starting, leaving, placesPerWorker, spares, extra, replacesAfter } = input;
  const places = input.eligible + spares * placesPerWorker;
  const uncovered = places - Math.max(0, input.freePlaces) - starting * placesPerWorker;
  const forLoad = Math.ceil(Math.max(0, uncovered) / placesPerWorker);
  const forSteady = steady - (replacesAfter ? live : live - leaving);
  const forRenewal = extra - starting;
  const wanted = Math.max(forLoad, forSteady, forRenewal);
  return Math.max(0, Math.min(wanted, maximum + extra - live, input.startConcurrency - starting));
}
