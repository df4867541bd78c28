import { packageBuild } from '../../tools/build/tsup-preset.js';

export default packageBuild();
