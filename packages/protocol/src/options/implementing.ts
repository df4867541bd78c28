/**
 * A check for something of the user's own that has to have these methods, and what is said where it has not: the arguments of `z.custom()`.
 */
export function implementing(
  ...methods: readonly string[]
): [has: (value: unknown) => boolean, otherwise: string] {
  const names = methods.map((method) => `${method}()`).join(', ');
  return [
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      methods.every((method) => typeof (value as Record<string, unknown>)[method] === 'function'),
    `expected an object with ${names}`,
  ];
}
