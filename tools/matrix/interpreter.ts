/** A Node or a Python of the machine, of which the file and the version are known. */
export interface Interpreter {
  readonly file: string;
  /** As it says itself, with neither a `v` before it nor what Python says of its build: `22.23.3`. */
  readonly version: string;
}

/** `3.12` of `3.12.1`, with which Pythons are told apart. */
export function minorOf(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}

/** The order of versions, oldest first: `3.9.18` before `3.10.2`. */
export function byVersion(a: Interpreter, b: Interpreter): number {
  const [left, right] = [a, b].map(({ version }) => version.split('.').map(Number)) as [number[], number[]];
  const at = left.findIndex((part, index) => part !== right[index]);
  return at === -1 ? 0 : left[at]! - (right[at] ?? 0);
}
