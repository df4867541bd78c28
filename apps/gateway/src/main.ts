import { basename } from 'node:path';
import { reasonOf, readCommandLine, USAGE } from './command-line.js';
import { createGateway, type Gateway } from './gateway.js';
import type { GatewayOptions } from './options.js';
import { SAMPLE_MODULE } from './paths.js';

const args = process.argv.slice(2);
if (args.includes('--help') || args.includes('-h')) console.log(USAGE);
else await serve();

async function serve(): Promise<void> {
  // Whoever reads the log may go: those who are served have nothing to do with that.
  process.stderr.on('error', () => undefined);
  let options: GatewayOptions;
  try {
    options = readCommandLine(args, process.env, SAMPLE_MODULE);
  } catch (error) {
    console.error(`gateway: ${reasonOf(error)}\n--help lists the options.`);
    process.exitCode = 1;
    return;
  }
  let gateway: Gateway;
  try {
    // What is to be read by programs does not mix with what is said to people.
    gateway = await createGateway({ ...options, log: process.stderr });
  } catch (error) {
    console.error(`gateway: ${reasonOf(error)}`);
    process.exitCode = 1;
    return;
  }
  console.log(`gateway of ${basename(options.module)}: ${gateway.url}`);
  leaveOnSignal(gateway);
  try {
    await gateway.pool.ready();
    console.log(`ready: ${gateway.pool.status().workers.length} workers`);
  } catch (error) {
    // It goes on: the pool tries again, and /readyz tells.
    if (gateway.pool.status().state === 'open')
      console.error(`gateway: no worker is ready yet: ${reasonOf(error)}`);
  }
}

/** The first signal lets requests finish; the second does not. */
function leaveOnSignal(gateway: Gateway): void {
  let asked = false;
  const leave = (signal: NodeJS.Signals): void => {
    if (asked) process.exit(1);
    asked = true;
    console.log(`${signal}: leaving when the open requests are answered`);
    gateway.close().then(
      () => console.log('left'),
      (error: unknown) => {
        console.error(error);
        process.exitCode = 1;
      },
    );
  };
  process.on('SIGTERM', leave);
  process.on('SIGINT', leave);
}
