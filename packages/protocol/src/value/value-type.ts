/**
 * A type of the application's own, known under the same name in both languages.
 *
 * Asked only about objects that are neither arrays nor plain objects, so that plain data pays nothing for it.
 */
export interface ValueType<T = unknown> {
  /** What travels on the wire, for example `"geo.Point"`. */
  readonly name: string;
  /** Whether `value` is one of this type. Must not throw. */
  is(value: unknown): value is T;
  /** Take it apart into encodable values. What this throws fails the call as `unencodable`. */
  encode(value: T): unknown;
  /** Put it together again. What this throws fails the call as `unencodable`. */
  decode(payload: unknown): T;
}
