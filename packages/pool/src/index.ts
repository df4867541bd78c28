// Strategies: which worker
export { hasFreePlace } from './strategies/selection.js';
export type { SelectableCall, SelectableWorker, SelectionStrategy } from './strategies/selection.js';
export { leastBusy } from './strategies/least-busy.js';
export { roundRobin } from './strategies/round-robin.js';

// Contract with those who provide workers
export type { PoolWorker, PoolWorkerObserver, WorkerExit, WorkerFactory, WorkerRequest } from './contract.js';
