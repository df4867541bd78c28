import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { tellsMemory, treeMemoryBytes } from '../src/life/memory.js';

const MIB = 2 ** 20;

/** A Python process that has run `program` and stays until its input ends. */
async function running(program: string) {
  const child = spawn(
    process.env['PYPOOL_PYTHON'] ?? 'python3',
    ['-c', `${program}\nprint('ready', flush=True)\nimport sys; sys.stdin.read()`],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  await once(child.stdout, 'data');
  return {
    pid: child.pid!,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}

describe.runIf(tellsMemory())('treeMemoryBytes', () => {
  it('counts what a process has written to', async () => {
    await using child = await running(`held = b'x' * (100 << 20)`);
    const bytes = await treeMemoryBytes(child.pid);
    expect(bytes).toBeGreaterThan(100 * MIB);
    expect(bytes).toBeLessThan(150 * MIB);
  });

  it('counts what its descendants hold, and what a fork shares for none of them', async () => {
    await using child = await running(
      [
        `import os, threading`,
        `held = b'x' * (100 << 20)`,
        `def fork():`,
        `    r, w = os.pipe()`,
        `    if os.fork() == 0:`,
        `        more = b'y' * (50 << 20)`,
        `        os.write(w, b'1')`,
        `        os.read(0, 1)`,
        `        os._exit(0)`,
        `    os.read(r, 1)`,
        `forker = threading.Thread(target=fork)`,
        `forker.start(); forker.join()`,
      ].join('\n'),
    );
    const bytes = await treeMemoryBytes(child.pid);
    expect(bytes).toBeGreaterThan(50 * MIB);
    expect(bytes).toBeLessThan(95 * MIB);
  });

  it('rejects for a process that is gone', async () => {
    const { pid, ...child } = await running('');
    await child[Symbol.asyncDispose]();
    await expect(treeMemoryBytes(pid)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
