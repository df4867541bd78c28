/** One step from a value to a value inside it: a property's name, the index of an item, or a part of a `Map`. */
export type Step = string | number | { readonly valueUnder: unknown } | { readonly keyAt: number };

/** Where inside a value something is, as it reads in an error: `args[0].rows[3]["odd name"]`. */
export function pathOf(root: string, steps: readonly Step[]): string {
  return root + steps.map(shown).join('');
}

function shown(step: Step): string {
  if (typeof step === 'number') return `[${step}]`;
  if (typeof step === 'string')
    return /^[A-Za-z_$][\w$]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
  if ('keyAt' in step) return `.keys()[${step.keyAt}]`;
  const key = step.valueUnder;
  if (typeof key === 'string') return shown(key);
  if (typeof key === 'number' || typeof key === 'bigint' || typeof key === 'boolean') return `[${key}]`;
  return key === null ? '[null]' : '[object]';
}
