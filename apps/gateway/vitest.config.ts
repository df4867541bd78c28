import { packageConfig, SOURCE_CONDITION } from '../../tools/test/vitest-preset.js';

const config = packageConfig();
/** Not `module`: under that, OpenTelemetry has modules whose imports have no extensions, for a bundler to read and not for Node. */
const conditions = [SOURCE_CONDITION, 'node', 'development|production'];

/** With the page's own tests, which need no browser. */
export default {
  ...config,
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: [SOURCE_CONDITION, 'node'] } },
  // A worker's start takes as long as the machine is busy.
  test: {
    ...config.test,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    include: [...(config.test?.include ?? []), 'page/src/**/*.test.ts'],
  },
};
