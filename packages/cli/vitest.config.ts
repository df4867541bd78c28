import { packageConfig } from '../../tools/test/vitest-preset.js';

export default packageConfig();
