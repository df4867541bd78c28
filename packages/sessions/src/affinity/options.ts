import { leastBusy } from '@pypool/pool';
import type { SelectionStrategy } from '@pypool/pool';
import { checkOptions, implementing } from '@pypool/protocol';
import { z } from 'zod';

import type { AffinityOptions } from './affinity.js';
import { Bindings } from './bindings.js';

/** What an affinity works with. */
export interface AffinityParts {
  readonly otherwise: SelectionStrategy;
  readonly bindings: Bindings;
}

const schema = z.strictObject({
  otherwise: z.custom(...implementing('select')).optional(),
  maxBindings: z
    .union([z.int().min(1), z.literal(Infinity)], {
      error: 'expected a whole number of at least 1, or Infinity',
    })
    .optional(),
} satisfies Record<keyof AffinityOptions, z.ZodType>);

/** @throws UsageError `invalid-options`. */
export function resolveAffinityOptions(options: AffinityOptions = {}): AffinityParts {
  checkOptions('the affinity', schema, options);
  return {
    otherwise: options.otherwise ?? leastBusy(),
    bindings: new Bindings(options.maxBindings ?? 100_000),
  };
}
