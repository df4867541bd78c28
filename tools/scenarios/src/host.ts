/**
 * A Node process with a pool, to be killed (S42): workers idle, busy, in C code that holds the GIL, just starting, and grandchildren.
 * Prints one line of JSON with the pids once all of them are at it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPythonPool, pythonPool, socketTransport, type PythonPoolOptions } from 'pypool';
import { descendants } from './processes.js';
import { chosenTransport } from './transport.js';
import { until } from './until.js';

const folder = process.env['SCENARIO_HOST_FOLDER']!;
const options = JSON.parse(process.env['SCENARIO_OPTIONS']!) as PythonPoolOptions;
const file = join(folder, 'gil');

const pool = await createPythonPool({ ...options, ...chosenTransport(folder), size: 3, minReady: 3 });
const grandchild = await pool.call<number>('start_child');
const forked = await pool.call<number>('fork_child');
void pool.call('hold_gil', [file]);
void pool.call('nap', [600]);
await until('the call holds the GIL', () => existsSync(file) && readFileSync(file, 'utf8') !== '');
// Over a socket whatever the round is run with: this one makes a folder, too.
await createPythonPool({ ...options, transport: socketTransport({ folder }), size: 1, minReady: 1 });
const before = descendants().length;
const starting = pythonPool({ ...options, size: 2, start: 'eager' });
starting.ready().catch(() => undefined);
await until('it has begun to start something', () => descendants().length > before);
const pids = pool.status().workers.map(({ facts }) => facts['pid'] as number);
process.stdout.write(`${JSON.stringify({ pids: [...pids, grandchild, forked] })}\n`);
setInterval(() => undefined, 1_000);
