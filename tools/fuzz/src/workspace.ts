import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Plant, buildInstrumented } from './javascript/build.js';
import type { Branch } from './javascript/instrument.js';
import { Peer } from './peer.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url)).replace(/\/$/, '');
export const TOOL = join(ROOT, 'tools/fuzz');

/** What reads bytes from the wire in Python, below python/pypool. */
export const PYTHON_DECODERS: readonly string[] = [
  'filling.py',
  'frame_decoder.py',
  'frame_header.py',
  'frame_reader.py',
  'message_parse.py',
  'message_shapes.py',
  'plain.py',
  'plain_json.py',
  'value_decoder.py',
  'value_library_makers.py',
  'value_maker.py',
  'value_makers.py',
];

/** Both sides, instrumented, with the processes that judge with them. */
export interface Workspace extends AsyncDisposable {
  readonly folder: string;
  readonly branches: readonly Branch[];
  readonly javascript: Peer;
  readonly python: Peer;
}

/**
 * Build both decoders into a folder of their own and make their peers.
 *
 * @param python - The interpreter.
 * @param plant - What to change in a source first.
 */
export function openWorkspace(python: string, plant?: Plant): Workspace {
  // Below the repository, so that what the built package imports is found.
  mkdirSync(join(ROOT, '.cache/fuzz'), { recursive: true });
  removeStale();
  const folder = mkdtempSync(join(ROOT, `.cache/fuzz/${process.pid}-`));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const isPython = plant?.file.endsWith('.py') === true;
    const branches = buildInstrumented(join(folder, 'javascript'), isPython ? undefined : plant);
    buildPython(python, join(folder, 'python'), isPython ? plant : undefined);
    const main = fileURLToPath(new URL('javascript/main.ts', import.meta.url));
    const javascript = new Peer({
      language: 'javascript',
      command: process.execPath,
      args: ['--import', 'tsx', main, join(folder, 'javascript'), String(branches.length)],
    });
    const peer = new Peer({
      language: 'python',
      command: python,
      args: ['-B', join(TOOL, 'python/peer.py'), join(folder, 'python')],
    });
    return {
      folder,
      branches,
      javascript,
      python: peer,
      async [Symbol.asyncDispose]() {
        await Promise.all([javascript.close(), peer.close()]);
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

/** Folders that a run left behind which was killed. */
function removeStale(): void {
  for (const name of readdirSync(join(ROOT, '.cache/fuzz'))) {
    try {
      process.kill(Number.parseInt(name), 0);
    } catch {
      // Nobody has that process id any more.
      rmSync(join(ROOT, '.cache/fuzz', name), { recursive: true, force: true });
    }
  }
}

/** The folder of the runtime's sources. */
const RUNTIME = join(ROOT, 'python');

function buildPython(python: string, target: string, plant: Plant | undefined): void {
  const about = { runtime: join(RUNTIME, 'pypool'), target, decoders: PYTHON_DECODERS, plant };
  const { status, stderr } = spawnSync(
    python,
    ['-B', join(TOOL, 'python/instrument.py'), JSON.stringify(about)],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`the runtime could not be instrumented: ${stderr}`);
}
