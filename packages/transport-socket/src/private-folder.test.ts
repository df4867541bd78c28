import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makePrivateFolder } from './private-folder.js';

let parent = '';

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'parent-'));
});

afterEach(() => rmSync(parent, { recursive: true }));

it('is there until it is removed, and leaves no listener behind', async () => {
  const before = process.listenerCount('exit');
  const [one, two] = [makePrivateFolder(parent), makePrivateFolder(parent)];
  expect(readdirSync(parent)).toHaveLength(2);
  expect(process.listenerCount('exit')).toBe(before + 1);
  await one.remove();
  expect(existsSync(dirname(one.socketPath))).toBe(false);
  await two.remove();
  expect(readdirSync(parent)).toEqual([]);
  expect(process.listenerCount('exit')).toBe(before);
});

it('goes with a process that ends before anybody has closed', () => {
  const module = new URL('private-folder.ts', import.meta.url).href;
  const program = `
    const { makePrivateFolder } = await import(${JSON.stringify(module)});
    const { readdirSync } = await import('node:fs');
    makePrivateFolder(${JSON.stringify(parent)});
    console.log(readdirSync(${JSON.stringify(parent)}).length);
  `;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--conditions=@pypool/source', '--input-type=module', '-e', program],
    { encoding: 'utf8' },
  );
  expect(stdout, stderr).toBe('1\n');
  expect(readdirSync(parent)).toEqual([]);
});
