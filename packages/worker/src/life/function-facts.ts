import type { ExposedFunction, FunctionFacts } from '@pypool/protocol';

/** What `@expose(...)` says of functions, by name: only those of which it says more than a name. */
export function factsOf(functions: readonly ExposedFunction[]): ReadonlyMap<string, FunctionFacts> {
  const facts = new Map<string, FunctionFacts>();
  for (const { name, idempotent, timeoutSeconds, concurrency } of functions) {
    if (!idempotent && timeoutSeconds === null && concurrency === null) continue;
    facts.set(name, {
      idempotent,
      executionTimeoutMs: timeoutSeconds === null ? undefined : timeoutSeconds * 1_000,
      concurrency: concurrency ?? undefined,
    });
  }
  return facts;
}
