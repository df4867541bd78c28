import { cpSync, existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Options } from 'tsup';

/** What a package's build adds to the common shape. */
export interface PackageBuild {
  /**
   * Dependencies that exist as ES modules only, and are therefore inlined in the CommonJS output.
   * The ESM output imports them as usual.
   */
  readonly esmOnly?: readonly string[];

  /** Whether the package carries the Python runtime's files, under `dist/runtime`. @defaultValue false */
  readonly runtime?: boolean;
}

/**
 * The one way packages are built: ESM and CommonJS, a source map and declarations for each, and a second entry
 * `testing` where the package has a conformance suite or fakes to offer.
 */
export function packageBuild({ esmOnly = [], runtime = false }: PackageBuild = {}): Options[] {
  // Emptied here and once: the builds below run side by side, and `clean` in each would race the others' output.
  rmSync('dist', { recursive: true, force: true });

  const common: Options = {
    entry: existsSync('src/testing.ts') ? ['src/index.ts', 'src/testing.ts'] : ['src/index.ts'],
    target: 'node20',
    platform: 'node',
    sourcemap: true,
    external: ['vitest'],
    silent: true,
  };
  return [
    { ...common, format: 'esm', onSuccess: async () => (runtime ? copyRuntime() : undefined) },
    // CommonJS has no import.meta.url: tsup's shim stands in for it.
    { ...common, format: 'cjs', shims: true, noExternal: esmOnly.map(withSubpaths) },
    // Against the declarations of the packages below, as users will have them: a check, and half the time.
    { ...common, format: ['esm', 'cjs'], dts: { only: true, compilerOptions: { customConditions: [] } } },
  ];
}

/** How programs are built: one ES module to start, whose dependencies stay packages. */
export function appBuild(): Options {
  rmSync('dist', { recursive: true, force: true });
  return {
    entry: ['src/main.ts'],
    format: 'esm',
    target: 'node20',
    platform: 'node',
    sourcemap: true,
    silent: true,
  };
}

/** The runtime is pure Python: its sources are what is shipped. */
function copyRuntime(): void {
  const source = fileURLToPath(new URL('../../python/pypool', import.meta.url));
  cpSync(source, 'dist/runtime/pypool', {
    recursive: true,
    filter: (path) =>
      !path.includes('__pycache__') &&
      (path.endsWith('.py') || !/\.[^/\\]*$/.test(path.slice(source.length))),
  });
}

function withSubpaths(name: string): RegExp {
  return new RegExp(`^${name.replaceAll('/', '\\/')}(\\/|$)`);
}
