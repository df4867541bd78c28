import { leastBusy } from '@pypool/pool';
import type { SelectionStrategy } from '@pypool/pool';
import { createError } from '@pypool/protocol';
import { z } from 'zod';

import type { AffinityOptions } from './affinity.js';
import { Bindings } from './bindings.js';

/** What an affinity works with. */
export interface AffinityParts {
  readonly otherwise: SelectionStrategy;
  readonly bindings: Bindings;
}

const schema = z.strictObject({
  otherwise: z
    .custom<object>(
      (value) => typeof (value as SelectionStrategy | null)?.select === 'function',
      'expected a selection strategy',
    )
    .optional(),
  maxBindings: z.number().int().min(1).or(z.literal(Infinity)).optional(),
});

/** @throws UsageError `invalid-options`. */
export function resolveAffinityOptions(options: AffinityOptions = {}): AffinityParts {
  const checked = schema.safeParse(options);
  if (!checked.success) {
    const issues = checked.error.issues.map(({ path, message }) => [...path, message].join(': '));
    throw createError({
      code: 'invalid-options',
      message: `Invalid affinity options: ${issues.join('; ')}.`,
      context: { issues },
    });
  }
  return {
    otherwise: options.otherwise ?? leastBusy(),
    bindings: new Bindings(options.maxBindings ?? 100_000),
  };
}
