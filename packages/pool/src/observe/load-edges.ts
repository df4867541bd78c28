/** Finds the moments at which a pool becomes full and at which it has room again. */
export class LoadEdges {
  #saturated = false;

  get saturated(): boolean {
    return this.#saturated;
  }

  /** @returns the edge that was crossed, if any */
  look(open: number, places: number): 'saturated' | 'available' | undefined {
    const saturated = open >= places;
    if (saturated === this.#saturated) return undefined;
    this.#saturated = saturated;
    return saturated ? 'saturated' : 'available';
  }
}
