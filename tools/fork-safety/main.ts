// Says which libraries leave a process that may be forked, and with which settings: `npm run fork-safety [-- NAME...]`.
//
// Each library is imported by a fork server, whose checks say what they find, and by a Python with none of the settings
// that the fork server makes. The table is that of apps/docs/fork-server.md. The libraries come from PyPI into `.cache`:
// six gigabytes, since PyTorch brings CUDA.

import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createPythonPool } from 'pypool';
import { provideVenv } from '../ready/venv.mjs';
import { LIBRARIES, type Library } from './libraries.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const venv = provideVenv({
  folder: join(root, '.cache/python-fork-safety'),
  requirements: fileURLToPath(new URL('requirements.txt', import.meta.url)),
  holds: 'numpy, pandas, torch, grpc and DSPy',
});
if ('missing' in venv) {
  console.log(`NOT RUN: the libraries could not be installed: ${venv.missing}`);
  process.exit();
}

const python = join(venv.bin, 'python');
const names = process.argv.slice(2);
const chosen = names.length === 0 ? LIBRARIES : LIBRARIES.filter(({ name }) => names.includes(name));
if (chosen.length === 0) throw new Error(`expected names of ${LIBRARIES.map(({ name }) => name).join(', ')}`);

console.log(
  '| module does | version | threads then, in a Python by itself | what the fork server finds | a worker |',
);
console.log('|---|---|---|---|---|');
for (const library of chosen) {
  const { version, found, forked, answer } = await tryLibrary(library);
  const worker = forked ? `is forked, and answers ${answer}` : 'is started by itself';
  console.log(`| ${library.does} | ${version} | ${threadsAlone(library)} | ${found} | ${worker} |`);
}

/** Threads of a process that does the same with nothing set for it. */
function threadsAlone({ does }: Library): string {
  const code = `import os; ${does}; print(len(os.listdir('/proc/self/task')), flush=True); os._exit(0)`;
  return execFileSync(python, ['-c', code], { env: {}, encoding: 'utf8' }).trim();
}

/** What a pool says of a module that does what a library's users do. */
async function tryLibrary(library: Library) {
  const folder = await mkdtemp(join(tmpdir(), 'pypool-fork-safety-'));
  try {
    const module = join(folder, 'module_to_fork.py');
    await writeFile(module, moduleOf(library));
    const found: string[] = [];
    const pool = await createPythonPool({
      module,
      python,
      size: 1,
      launcher: 'auto',
      startTimeoutMs: 300_000,
    });
    try {
      pool.on('launcher-fallback', ({ reasons }) => found.push(...reasons));
      const [version, forked, answer] = await pool.call<[string, boolean, string]>('look');
      return { version, forked, answer, found: found.length === 0 ? 'safe' : [...new Set(found)].join(', ') };
    } finally {
      await pool.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function moduleOf({ does, distribution, uses }: Library): string {
  return `
import importlib.metadata
import os
${does}
from pypool import expose

imported_by = os.getpid()

@expose
def look():
    return importlib.metadata.version('${distribution}'), os.getpid() != imported_by, str(${uses})
`;
}
