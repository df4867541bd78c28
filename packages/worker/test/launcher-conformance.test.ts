import { pipeTransport } from '@pypool/transport-pipe';
import { socketTransport } from '@pypool/transport-socket';
import { forkServer } from '../src/fork-server/fork-server.js';
import { launcherConformance } from '../src/testing/launcher-conformance.js';
import { spawnLauncher } from '../src/launcher/spawn-launcher.js';
import { descendantsOf, untilGone } from './processes.js';

const assertNothingLeft = (): Promise<void> =>
  untilGone(process.platform === 'linux' ? descendantsOf(process.pid) : []);

launcherConformance('spawn', () =>
  Promise.resolve({ launcher: spawnLauncher(), transport: pipeTransport(), assertNothingLeft }),
);

launcherConformance('fork-server', () =>
  Promise.resolve({ launcher: forkServer(), transport: socketTransport(), assertNothingLeft }),
);
