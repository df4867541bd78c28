// Installs DSPy for this app: `npm run setup`; with `-- --litellm`, into an environment beside it, also what it needs for
// models that it does not speak to by itself. Says in one line why it could not.

import { provideDspy } from './environment.js';

const provided = provideDspy({ litellm: process.argv.includes('--litellm') });
if ('missing' in provided) {
  console.error(`DSPy could not be installed: ${provided.missing}`);
  process.exitCode = 1;
} else {
  console.log(`DSPy is installed: ${provided.python}`);
}
