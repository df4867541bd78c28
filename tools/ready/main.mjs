// Gets a clone ready, then runs a command: `node tools/ready/main.mjs [--build] COMMAND [ARGUMENT...]`.
//
// Ready means: a Node and a Python that are new enough, node_modules as package-lock.json wants it and, with
// --build, packages built from what their sources are now. What is missing is made, and said in one line; where
// nothing is missing this is silent and takes a fraction of a second. It must run before anything is installed:
// plain JavaScript, node: modules only.

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { buildIfStale } from './build.mjs';
import { installIfStale } from './install.mjs';
import { NotReady } from './not-ready.mjs';
import { findPython } from './python.mjs';
import { requireNode } from './node.mjs';

const [build, command] =
  process.argv[2] === '--build' ? [true, process.argv.slice(3)] : [false, process.argv.slice(2)];

try {
  requireNode();
  const python = findPython();
  await installIfStale();
  if (build) await buildIfStale();
  await run(command, { ...process.env, ...python.env, NX_DAEMON: 'false' });
} catch (error) {
  if (!(error instanceof NotReady)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

/**
 * Stands in for the command: its output, its exit code, and its signals. Ctrl-C reaches the command by itself, as
 * a member of the terminal's foreground group; here it is only waited for.
 */
function run([file, ...args], env) {
  const executable = file === 'node' ? process.execPath : file;
  const child = spawn(executable, args, { stdio: 'inherit', env });
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      process.exitCode = code ?? 128 + constants.signals[signal];
      resolve();
    });
  });
}
