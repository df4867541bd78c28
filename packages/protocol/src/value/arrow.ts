import { VALUE_KIND } from './python-value.js';
import type { ValueType } from './value-type.js';

/**
 * A table of Apache Arrow as the bytes of an IPC stream: `pyarrow.Table` in Python.
 *
 * What tables from Python arrive as where no {@link arrowType} is among the `types`: `tableFromIPC(value.data)` makes one of it, and so does any
 * other library that reads Arrow. Sent back it is the same table again.
 */
export class ArrowIpc {
  declare readonly [VALUE_KIND]: 'arrow';
  readonly data: Uint8Array;

  constructor(data: Uint8Array) {
    this.data = data;
  }
}

Object.defineProperty(ArrowIpc.prototype, VALUE_KIND, { value: 'arrow' });

/**
 * Send the bytes of an Arrow IPC stream, of whichever library wrote them, as `pyarrow.Table`. They are not looked at: bytes that are no such
 * stream fail their call as `invalid-arguments`.
 */
export function arrowIpc(data: Uint8Array): ArrowIpc {
  return new ArrowIpc(data);
}

/** What {@link arrowType} takes of the package `apache-arrow`. */
export interface ArrowLibrary {
  readonly Table: new (batches: never) => object;
  readonly RecordBatch: abstract new (...parts: never[]) => object;
  tableFromIPC(data: Uint8Array): unknown;
  tableToIPC(table: never, form: 'stream'): Uint8Array;
}

/**
 * Have tables of Apache Arrow cross: `pyarrow.Table` and `RecordBatch` arrive as the `Table` of `apache-arrow`, whose columns are views of the
 * memory that was received, and a `Table` or `RecordBatch` arrives as `pyarrow.Table`.
 *
 * @param arrow - The package, which is no dependency of this one: `import * as arrow from 'apache-arrow'`. Tables of another copy of it are not
 *   known.
 * @returns one of the `types` of a pool or codec.
 */
export function arrowType<Library extends ArrowLibrary>(
  arrow: Library,
): ValueType<InstanceType<Library['Table']>> {
  return new ArrowType<InstanceType<Library['Table']>>(arrow);
}

/** The registered type whose values have a tag of their own. */
class ArrowType<Table extends object> implements ValueType<Table> {
  declare readonly [VALUE_KIND]: 'arrow-type';
  readonly name = ARROW_TYPE;
  readonly #arrow: ArrowLibrary;

  constructor(arrow: ArrowLibrary) {
    this.#arrow = arrow;
  }

  is(value: unknown): value is Table {
    return value instanceof this.#arrow.Table || value instanceof this.#arrow.RecordBatch;
  }

  encode(value: Table): ArrowIpc {
    const { Table, RecordBatch } = this.#arrow;
    const table = value instanceof RecordBatch ? new Table([value] as never) : value;
    return new ArrowIpc(this.#arrow.tableToIPC(table as never, 'stream'));
  }

  decode(payload: unknown): Table {
    return this.#arrow.tableFromIPC((payload as ArrowIpc).data) as Table;
  }
}

Object.defineProperty(ArrowType.prototype, VALUE_KIND, { value: 'arrow-type' });

/** Whether a registered type is that of {@link arrowType}, of whichever copy of this package. */
export function isArrowType(type: ValueType | undefined): boolean {
  return type !== undefined && VALUE_KIND in type && type[VALUE_KIND] === 'arrow-type';
}

/** The name under which {@link arrowType} is registered. */
export const ARROW_TYPE = 'pyarrow.Table';
