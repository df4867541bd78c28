import { packageBuild } from '../../tools/build/tsup-preset.js';

export default packageBuild({ esmOnly: ['execa'], runtime: true });
