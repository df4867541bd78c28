import { packageConfig } from '../test/vitest-preset.js';

export default packageConfig({ isolate: true });
