import type { ViteUserConfig } from 'vitest/config';

/** The export condition under which the packages of this repository are their own TypeScript sources. */
export const SOURCE_CONDITION = '@pypool/source';

/**
 * The configuration every package is tested with: against its sources, in processes of its own, in random order.
 *
 * Vitest prints the seed of each run; `--sequence.seed N` repeats one.
 *
 * @param isolate - Give each file a process of its own. Needed where a helper sets hooks as it is loaded, which in a shared process happens
 *   for the first file alone.
 */
export function packageConfig({ isolate = false }: { readonly isolate?: boolean } = {}): ViteUserConfig {
  const conditions = [SOURCE_CONDITION, 'module', 'node', 'development|production'];
  return {
    resolve: { conditions },
    ssr: { resolve: { conditions, externalConditions: [SOURCE_CONDITION, 'node'] } },
    test: {
      include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
      passWithNoTests: true,
      pool: 'forks',
      // Files share a process and its modules, which takes half the time: no module of ours keeps state, and each test leaves nothing behind.
      isolate,
      // For what hangs. A Python that starts in 50 ms takes seconds on a machine that does twenty other things.
      testTimeout: 90_000,
      hookTimeout: 90_000,
      sequence: { shuffle: true },
      // What a passing test prints is nobody's business.
      silent: 'passed-only',
    },
  };
}
