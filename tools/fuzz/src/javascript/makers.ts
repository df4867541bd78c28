import type * as Protocol from '@pypool/protocol';

/** Values that are looked at, of one that was decoded. */
const MOST = 8;

/** What users make Python's values with, tried on what comes from the wire: they take it or refuse it, and do nothing else. */
export class Makers {
  readonly #protocol: typeof Protocol;
  readonly #byType: Readonly<Record<string, (text: string) => unknown>>;

  constructor(protocol: typeof Protocol) {
    this.#protocol = protocol;
    this.#byType = {
      date: protocol.pyDate,
      time: protocol.pyTime,
      datetime: protocol.pyDatetime,
      timedelta: protocol.pyTimedelta,
      decimal: protocol.decimal,
      uuid: protocol.uuid,
    };
  }

  tryOn(value: unknown, faults: string[]): void {
    if (Array.isArray(value)) for (const item of value.slice(0, MOST)) this.#tryOne(item, faults);
    else this.#tryOne(value, faults);
  }

  #tryOne(value: unknown, faults: string[]): void {
    const { PythonValue, pyComplex, pyFloat, pyFrozenSet, pyTuple } = this.#protocol;
    if (typeof value === 'number') {
      if (pyFloat(value).type !== 'float') faults.push('makers: pyFloat makes no float');
      if (pyComplex(1, value).type !== 'complex') faults.push('makers: pyComplex makes no complex');
    }
    if (Array.isArray(value) && pyTuple(value).items.length !== value.length)
      faults.push('makers: pyTuple loses items');
    if (value instanceof Set && pyFrozenSet(value).items.length !== value.size)
      faults.push('makers: pyFrozenSet loses items');
    if (!(value instanceof PythonValue)) return;
    if (String(value) !== JSON.parse(JSON.stringify(value)))
      faults.push('makers: a PythonValue is shown as something else');
    try {
      this.#byType[value.type]?.(value.text);
    } catch (error) {
      const refused = this.#protocol.isPypoolError(error) && error.code === 'invalid-arguments';
      if (!refused) faults.push(`crash: making a ${value.type}: ${String(error)}`);
    }
  }
}
