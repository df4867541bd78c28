// The types of all packages, apps and tools: `npm run typecheck`.

import { join } from 'node:path';
import { programs } from './programs.js';
import { root, run } from './run.js';

const tsc = join(root, 'node_modules/.bin/tsc');
const outcomes = programs.map((program) => run(program, tsc, ['-p', program]));
process.exitCode = outcomes.every(Boolean) ? 0 : 1;
