import { pipeTransport } from '@pypool/transport-pipe';
import { launcherConformance } from '../src/testing/launcher-conformance.js';
import { spawnLauncher } from '../src/launcher/spawn-launcher.js';
import { descendantsOf, untilGone } from './processes.js';

launcherConformance('spawn', () =>
  Promise.resolve({
    launcher: spawnLauncher(),
    transport: pipeTransport(),
    assertNothingLeft: () => untilGone(process.platform === 'linux' ? descendantsOf(process.pid) : []),
  }),
);
