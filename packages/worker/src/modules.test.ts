import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { moduleDir, resolveModules, type ModuleOption } from './modules.js';

let home: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'pypool-modules-'));
  for (const file of ['a.py', 'b.py', 'notes.txt', 'ünï cödé.py']) writeFileSync(join(home, file), '');
  for (const folder of ['package', 'folder']) mkdirSync(join(home, folder));
  writeFileSync(join(home, 'package', '__init__.py'), '');
  symlinkSync(join(home, 'loop.py'), join(home, 'loop.py'));
});

afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('the module option', () => {
  it('is a path from the working directory, a file URL, a dotted name, or several', () => {
    const a = { prefix: '', source: join(home, 'a.py'), kind: 'path' };
    expect(resolveModules('./a.py', home)).toEqual([a]);
    expect(resolveModules('a.py', home)).toEqual([a]);
    expect(resolveModules(join(home, 'a.py'), '/')).toEqual([a]);
    expect(resolveModules(pathToFileURL(join(home, 'a.py')), '/')).toEqual([a]);
    expect(resolveModules(pathToFileURL(join(home, 'ünï cödé.py')).href, '/')).toEqual([
      { prefix: '', source: join(home, 'ünï cödé.py'), kind: 'path' },
    ]);
    expect(resolveModules('my_app.handlers', home)).toEqual([
      { prefix: '', source: 'my_app.handlers', kind: 'name' },
    ]);
    expect(resolveModules({ x: 'a.py', y: 'os.path' }, home)).toEqual([
      { ...a, prefix: 'x' },
      { prefix: 'y', source: 'os.path', kind: 'name' },
    ]);
  });

  it('may be a folder that is a package', () => {
    const source = join(home, 'package', '__init__.py');
    expect(resolveModules('./package', home)).toEqual([{ prefix: '', source, kind: 'path' }]);
  });

  it.each<[string, ModuleOption, RegExp]>([
    ['what is not there, with the path that was looked for', './no.py', /\/no\.py, and nothing is there/],
    ['a file that is no Python', './notes.txt', /no Python file/],
    ['a folder that is no package', './folder', /holds no __init__\.py/],
    ['a URL of another kind', new URL('https://example.org/a.py'), /no file: URL/],
    ['a URL of another machine', 'file://elsewhere/a.py', /no file: URL/],
    ['a name that is none', 'a-b', /neither a path nor a dotted name/],
    ['a path with a NUL', './a\0.py', /cannot be looked at/],
    ['a path that leads nowhere', './loop.py', /cannot be looked at/],
    ['nothing', {}, /names no module/],
  ])('is refused where it is %s', (_what, module, message) => {
    expect(() => resolveModules(module, home)).toThrow(
      expect.objectContaining({
        code: 'invalid-options',
        message: expect.stringMatching(message) as string,
      }) as Error,
    );
  });

  it('says where to look for an interpreter from', () => {
    expect(moduleDir(resolveModules({ x: 'os.path', y: './package' }, home), '/')).toBe(
      join(home, 'package'),
    );
    expect(moduleDir(resolveModules('os.path', home), '/elsewhere')).toBe('/elsewhere');
  });
});
