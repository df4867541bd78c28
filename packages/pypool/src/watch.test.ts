import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FolderWatch, watchFolders } from './watch.js';

let folder = '';
let watching: FolderWatch | undefined;
let told: (readonly string[])[] = [];
let wake = (): void => undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pypool-watch-'));
  write('module.py');
  told = [];
});

afterEach(() => {
  watching?.close();
  rmSync(folder, { recursive: true });
});

function start(): void {
  watching = watchFolders(
    [folder],
    {
      onChange(names) {
        told.push(names);
        wake();
      },
      onError(path, error) {
        throw new Error(path, { cause: error });
      },
    },
    20,
  );
}

function write(...path: string[]): void {
  writeFileSync(join(folder, ...path), 'x = 1\n');
}

/** Resolves once a name has been told. */
async function heard(name: string): Promise<void> {
  while (!told.flat().includes(name)) await new Promise<void>((resolve) => (wake = resolve));
}

describe('watchFolders', () => {
  it('tells of a file that is saved, and of one that an editor renames over it', async () => {
    start();
    write('module.py');
    await heard('module.py');
    told = [];
    write('module.py.tmp');
    renameSync(join(folder, 'module.py.tmp'), join(folder, 'module.py'));
    await heard('module.py');
    told = [];
    // And again: the watch is not of the file that is gone.
    write('module.py');
    await heard('module.py');
  });

  it('tells once of what is saved in one go', async () => {
    start();
    for (const name of ['a.py', 'b.py', 'c.py']) write(name);
    await heard('c.py');
    expect(told).toEqual([['a.py', 'b.py', 'c.py']]);
  });

  it('looks below, also into what comes later, and not into caches', async () => {
    for (const name of ['package', '.hidden', '__pycache__', 'data']) mkdirSync(join(folder, name));
    for (const name of ['package', '.hidden', '__pycache__']) write(name, 'there.py');
    start();
    write('.hidden', 'there.py');
    write('__pycache__', 'there.py');
    write('data', 'table.csv');
    write('notes.txt');
    write('package', 'below.py');
    await heard('below.py');
    expect(told).toEqual([['below.py']]);
    mkdirSync(join(folder, 'staged'));
    write('staged', 'late.py');
    renameSync(join(folder, 'staged'), join(folder, 'later'));
    await heard('later');
    write('later', 'again.py');
    await heard('again.py');
  });

  it('tells nothing once it is closed', async () => {
    start();
    write('module.py');
    watching!.close();
    const closed = told.length;
    // A second watch hears what happens meanwhile: by then the first would have, too.
    const first = told;
    told = [];
    start();
    write('other.py');
    await heard('other.py');
    expect(first).toHaveLength(closed);
  });

  it('says which folder it cannot watch', () => {
    const missing = join(folder, 'missing');
    const errors: string[] = [];
    watchFolders([missing], { onChange: () => undefined, onError: (path) => errors.push(path) }).close();
    expect(errors).toEqual([missing]);
  });
});
