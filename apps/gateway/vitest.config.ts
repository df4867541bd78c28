import { packageConfig } from '../../tools/test/vitest-preset.js';

const config = packageConfig();

/** With the page's own tests, which need no browser. */
export default {
  ...config,
  test: { ...config.test, include: [...(config.test?.include ?? []), 'page/src/**/*.test.ts'] },
};
