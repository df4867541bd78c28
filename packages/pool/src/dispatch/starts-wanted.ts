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
  const { steady, maximum, live, starting, leaving, placesPerWorker } = input;
  const uncovered = input.eligible - Math.max(0, input.freePlaces) - starting * placesPerWorker;
  const forLoad = Math.ceil(Math.max(0, uncovered) / placesPerWorker);
  const forSteady = steady - (live - leaving);
  return Math.max(
    0,
    Math.min(Math.max(forLoad, forSteady), maximum - live, input.startConcurrency - starting),
  );
}
