/** One step from a value to a value inside it, as it reads in an error. */
export function propertyStep(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** The step to an item of an array, a tuple or a set. */
export function indexStep(index: number): string {
  return `[${index}]`;
}

/** The step to the value of a `Map` under a key. */
export function entryStep(key: unknown): string {
  if (typeof key === 'string') return propertyStep(key);
  return typeof key === 'object' || typeof key === 'function' ? '[object]' : `[${String(key)}]`;
}
