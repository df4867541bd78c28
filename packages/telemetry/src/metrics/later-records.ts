import { type Attributes, type Histogram, ROOT_CONTEXT } from '@opentelemetry/api';

/**
 * Values that are given to their histograms when the turn of the event loop is over. To record a value takes the SDK a microsecond or more; later, what the
 * turn has to send has left, and workers are at it meanwhile.
 */
export class LaterRecords {
  #histograms: Histogram[] = [];
  #values: number[] = [];
  #attributes: Attributes[] = [];

  add(histogram: Histogram, value: number, attributes: Attributes): void {
    if (this.#histograms.push(histogram) === 1) setImmediate(this.record);
    this.#values.push(value);
    this.#attributes.push(attributes);
  }

  /** Record what is there now: for whoever is about to read. */
  readonly record = (): void => {
    const [histograms, values, attributes] = [this.#histograms, this.#values, this.#attributes];
    this.#histograms = [];
    this.#values = [];
    this.#attributes = [];
    for (let at = 0; at < histograms.length; at += 1) {
      // Not in the context of whichever call was the first of the turn.
      histograms[at]!.record(values[at]!, attributes[at], ROOT_CONTEXT);
    }
  };
}
