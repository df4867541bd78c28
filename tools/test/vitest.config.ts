import { packageConfig } from './vitest-preset.js';

export default packageConfig();
