// Factories
export { createPythonWorkers } from './python-workers.js';
export type { InterruptsReached, PythonWorkers, WorkerObserver, WorkerRequest } from './python-workers.js';
export type { PythonWorker } from './python-worker.js';
export { startPythonWorker } from './standalone/start-python-worker.js';
export type { LoneWorkerOptions } from './standalone/start-python-worker.js';
export type { LoneCloseOptions, LoneStream, LoneWorker } from './standalone/lone-worker.js';
export type { LoneCallOptions } from './standalone/call-options.js';
export { spawnLauncher } from './launcher/spawn-launcher.js';
export type { SpawnLauncherOptions } from './launcher/spawn-launcher.js';
export { forkServer } from './fork-server/fork-server.js';
export type { ForkServerOptions } from './fork-server/fork-server-options.js';
export type { ForkHazard } from './fork-server/fork-hazards.js';
export type { LauncherOption } from './choose-launcher.js';
export { release } from './shared-memory/release.js';
export { findPython } from './python/find-python.js';
export type { FindPythonOptions, FoundPython } from './python/find-python.js';

// Options and events
export type { Engine, LogLevel, PythonWorkersOptions, SlotFacts } from './options.js';
export type { CancelGraces, Rung } from './calls/cancel-ladder.js';
export type { EnvOption } from './environment.js';
export type { ModuleOption } from './modules.js';
export type { Rlimit, RlimitsOption } from './rlimits.js';
export type { OutputEvent, WorkerEvents } from './events.js';
export type { LogEvent, LogOrigin } from './output/log-event.js';
export type { OutputCall } from './output/output-call.js';
export type { OutputLine } from './output/line-builder.js';
export type { WorkerExit } from './life/exit.js';

// Contract for implementers of launchers
export type {
  ImportProgress,
  LaunchedWorker,
  LaunchFallback,
  LaunchLoss,
  LaunchObserver,
  LaunchRequest,
  ProcessExit,
  ProcessUser,
  ProcessUsage,
  WorkerLauncher,
} from './launcher/contract.js';
