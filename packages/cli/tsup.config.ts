import { appBuild } from '../../tools/build/tsup-preset.js';

export default appBuild();
