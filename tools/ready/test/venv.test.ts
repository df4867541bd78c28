import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { provideBareVenv, provideVenv } from '../venv.mjs';

/** Stands in for Python and its pip, which succeeds unless its last argument, a requirements file, holds a failure's text. */
const PYTHON = `#!/bin/sh
case "$1 $2" in
  '-m venv') mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  '-m pip') meanwhile=$WHILE_IT_INSTALLS; unset WHILE_IT_INSTALLS; eval "$meanwhile"; for file; do :; done; if grep -q hang "$file"; then exec sleep 60; fi; if grep -q . "$file"; then cat "$file" >&2; exit 1; fi ;;
  *) echo "3.12.1 $0" ;;
esac
`;

describe('a Python environment', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'pypool-venv-'));
    const python = join(home, 'python3');
    writeFileSync(python, PYTHON);
    chmodSync(python, 0o755);
    vi.stubEnv('PYPOOL_PYTHON', python);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(home, { recursive: true, force: true });
  });

  /** The environment for a requirements file with this text, and whether it is the one that was there before. */
  function provide(
    text: string,
    more: Partial<Parameters<typeof provideVenv>[0]> = {},
  ): { provided: ReturnType<typeof provideVenv>; kept: boolean } {
    const folder = join(home, 'venv');
    const requirements = join(home, 'requirements.txt');
    writeFileSync(requirements, text);
    const provided = provideVenv({ folder, requirements, holds: 'nothing', ...more });
    const mark = join(folder, 'mark');
    const kept = existsSync(mark);
    if ('bin' in provided) writeFileSync(mark, '');
    return { provided, kept };
  }

  it('is made once for what it must hold, and anew for something else', () => {
    const provided = { bin: join(home, 'venv/bin') };
    expect(provide('')).toEqual({ provided, kept: false });
    expect(provide('')).toEqual({ provided, kept: true });
    expect(provide('\n')).toEqual({ provided, kept: false });
  });

  it('stays as it is until another is whole that takes its place, and then goes', () => {
    expect(provide('')).toMatchObject({ kept: false });
    expect(provide('ERROR: no')).toEqual({ provided: { missing: 'ERROR: no' }, kept: true });
    expect(provide('hang', { timeoutMs: 500 })).toMatchObject({ kept: true });
    expect(provide('')).toMatchObject({ kept: true });
    expect(provide('\n')).toMatchObject({ kept: false });
    // The link and what it names.
    expect(readdirSync(home).filter((name) => name.startsWith('venv'))).toHaveLength(2);
  });

  it('takes the place of a folder, which environments once were', () => {
    mkdirSync(join(home, 'venv', 'bin'), { recursive: true });
    writeFileSync(join(home, 'venv', 'mark'), '');
    expect(provide('')).toEqual({ provided: { bin: join(home, 'venv/bin') }, kept: false });
  });

  it('that two commands make at once is there for both, and once', () => {
    const venv = JSON.stringify(new URL('../venv.mjs', import.meta.url).href);
    const folder = join(home, 'venv');
    const wanted = { folder, requirements: join(home, 'requirements.txt'), holds: 'nothing' };
    const other = `import(${venv}).then((m) => m.provideVenv(${JSON.stringify(wanted)}))`;
    vi.stubEnv('WHILE_IT_INSTALLS', `'${process.execPath}' -e '${other}'`);
    expect(provide('')).toEqual({ provided: { bin: join(folder, 'bin') }, kept: false });
    expect(existsSync(join(folder, 'bin', 'python'))).toBe(true);
    expect(readdirSync(home).filter((name) => name.startsWith('venv'))).toHaveLength(2);
  });

  it('that is bare holds no package, and is made anew where its Python is gone', () => {
    vi.unstubAllEnvs();
    const { bin } = provideBareVenv(join(home, 'bare')) as { bin: string };
    const python = join(bin, 'python');
    const look = 'import os, sys; print([os.listdir(p) for p in sys.path if p.endswith("site-packages")])';
    const packages = () => spawnSync(python, ['-c', look], { encoding: 'utf8' }).stdout;
    expect(packages()).toBe('[[]]\n');
    rmSync(python);
    symlinkSync(join(home, 'nowhere'), python);
    expect(provideBareVenv(join(home, 'bare'))).toEqual({ bin });
    expect(packages()).toBe('[[]]\n');
    expect(readdirSync(home).filter((name) => name.startsWith('bare'))).toHaveLength(1);
  });

  it('that is bare says why it cannot be made, and leaves nothing of it', () => {
    writeFileSync(
      join(home, 'python3'),
      PYTHON.replace("'-m venv') ", "'-m venv') echo broken >&2; exit 1;"),
    );
    expect(provideBareVenv(join(home, 'bare'))).toEqual({ missing: 'broken' });
    expect(readdirSync(home)).toEqual(['python3']);
  });

  it('that cannot be made says why in one line, and is tried again', () => {
    const failure = 'WARNING: something\nERROR: No matching distribution found for some==1\n';
    const provided = { missing: 'ERROR: No matching distribution found for some==1' };
    expect(provide(failure)).toEqual({ provided, kept: false });
    expect(provide(failure)).toEqual({ provided, kept: false });
  });

  it('without a network says so, where pip ends with something else', () => {
    const failure = 'WARNING: Retrying after connection broken by X\nERROR: No matching distribution\n';
    expect(provide(failure).provided).toEqual({ missing: 'pip cannot reach the index of packages' });
  });

  it('that takes longer than it may is given up', () => {
    const { missing } = provide('hang', { timeoutMs: 500 }).provided as { missing: string };
    expect(missing).toBe('it was not installed within 0.5 s, and given up');
  });
});
