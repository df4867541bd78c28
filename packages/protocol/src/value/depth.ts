/** How deep containers may be nested in a value that is sent. SPEC.md section 5. */
export const MAX_DEPTH = 256;

/** How deep a receiver follows: an envelope wraps values (items, arguments of errors, causes of causes), so it reaches deeper than they. */
export const MAX_ENVELOPE_DEPTH = 512;

/** Whether containers are nested in `value` more than `limit` deep. */
export function isDeeperThan(value: unknown, limit: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (limit === 0) return true;
  if (Array.isArray(value)) {
    for (const item of value) {
      if (typeof item === 'object' && isDeeperThan(item, limit - 1)) return true;
    }
    return false;
  }
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key];
    if (typeof item === 'object' && isDeeperThan(item, limit - 1)) return true;
  }
  return false;
}
