export { launcherConformance } from './testing/launcher-conformance.js';
export type { LauncherHarness } from './testing/launcher-conformance.js';
