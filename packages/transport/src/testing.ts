export { transportConformance } from './testing/transport-conformance.js';
export type { TransportHarness } from './testing/transport-conformance.js';
export { END_OF_REQUESTS_ID, serveConformancePeer } from './testing/conformance-peer.js';
