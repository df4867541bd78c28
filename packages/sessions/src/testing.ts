export { sessionStoreConformance } from './store/conformance.js';
export type { ConformanceRunner } from './store/conformance.js';
