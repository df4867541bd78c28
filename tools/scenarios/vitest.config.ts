import { packageConfig } from '../test/vitest-preset.js';

const config = packageConfig();

/** Each file has a process of its own: what is left of its tests is told by that, and every file's hooks are set when its helpers are loaded. */
export default { ...config, test: { ...config.test, isolate: true } };
