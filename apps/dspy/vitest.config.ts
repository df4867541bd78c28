import { packageConfig, SOURCE_CONDITION } from '../../tools/test/vitest-preset.js';

/** Not `module`: under that, OpenTelemetry has modules whose imports have no extensions, for a bundler to read and not for Node. */
const conditions = [SOURCE_CONDITION, 'node', 'development|production'];

export default {
  ...packageConfig(),
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: [SOURCE_CONDITION, 'node'] } },
};
