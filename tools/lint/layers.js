/**
 * Who may know whom: the layer table of the architecture page, as data. Lint checks imports and manifests by it.
 *
 * `layers` are the packages of this repository that a package may import, `packages` the third-party ones, and
 * `node` whether it may use Node's own modules. What is not listed is forbidden; tests may import more, as
 * devDependencies.
 *
 * @type {Record<string, { layers: readonly string[], packages: readonly string[], node: boolean }>}
 */
export const LAYERS = {
  '@pypool/protocol': { layers: [], packages: ['zod'], node: false },
  '@pypool/transport': { layers: ['@pypool/protocol'], packages: [], node: true },
  '@pypool/transport-pipe': { layers: ['@pypool/protocol', '@pypool/transport'], packages: [], node: true },
  '@pypool/transport-socket': {
    layers: ['@pypool/protocol', '@pypool/transport'],
    packages: ['zod'],
    node: true,
  },
  '@pypool/worker': {
    layers: ['@pypool/protocol', '@pypool/transport', '@pypool/transport-pipe', '@pypool/transport-socket'],
    packages: ['execa', 'zod'],
    node: true,
  },
  '@pypool/pool': { layers: ['@pypool/protocol'], packages: ['zod'], node: true },
  '@pypool/sessions': { layers: ['@pypool/protocol', '@pypool/pool'], packages: ['zod'], node: true },
  '@pypool/telemetry': {
    layers: ['@pypool/protocol', '@pypool/pool'],
    packages: ['@opentelemetry/api'],
    node: true,
  },
  pypool: {
    layers: [
      '@pypool/protocol',
      '@pypool/transport',
      '@pypool/transport-pipe',
      '@pypool/transport-socket',
      '@pypool/worker',
      '@pypool/pool',
      '@pypool/sessions',
    ],
    packages: [],
    node: true,
  },
  '@pypool/cli': { layers: ['@pypool/protocol', '@pypool/worker'], packages: [], node: true },
};

/** Third-party packages that exactly one file may import, so that replacing them is one file's work. */
export const ONE_FILE_ONLY = { execa: 'packages/worker/src/launcher/spawn-process.ts' };

/** The names of all packages of this repository that others may depend on. */
export const PACKAGES = Object.keys(LAYERS);

/** `@pypool/worker` of `@pypool/worker/testing`, `zod` of `zod/v4`. */
export function packageOf(specifier) {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
