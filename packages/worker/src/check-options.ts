import { createError } from '@pypool/protocol';
import type { z } from 'zod';

/**
 * Check options against their schema.
 *
 * @param subject Whose options, for the message: `"env"`, `"spawnLauncher()"`.
 * @returns the same options, copied as deep as the schema goes, and frozen.
 * @throws PypoolError `invalid-options` that names every wrong or unknown one.
 */
export function checkOptions<T extends object>(subject: string, schema: z.ZodType, options: T): Readonly<T> {
  const checked = schema.safeParse(options);
  if (checked.success) return Object.freeze(checked.data as T);
  const issues = checked.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join('.')}: ${message}`,
  );
  throw createError({
    code: 'invalid-options',
    message: `Invalid options of ${subject}: ${issues.join('; ')}.`,
    context: { issues },
  });
}
