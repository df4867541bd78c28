import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { treeMemoryBytes } from '../src/life/memory.js';
import { untilGone } from './processes.js';
import { fixture, leavesNothing, rejection, workerFor } from './worker-for.js';

leavesNothing();

/** No user that any system has by this number has rights of its own. */
const NOBODY = 65_534;
const PYTHON = '/usr/bin/python3';
const asNobody = { python: PYTHON, uid: NOBODY, gid: NOBODY };

/** Why another user cannot be tested here; `undefined` where it can. */
function obstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root may start processes of others';
  const program = `open(${JSON.stringify(fixture('tell_user.py'))}).close()`;
  const tried = spawnSync(PYTHON, ['-c', program], { uid: NOBODY, gid: NOBODY });
  return tried.status === 0 ? undefined : `user ${NOBODY} may not run ${PYTHON}, or not read these files`;
}

interface Who {
  readonly uids: number[];
  readonly gids: number[];
  readonly groups: number[];
  readonly home: string | null;
  readonly user: string | null;
  readonly expanded: string;
}

const because = process.platform === 'linux' ? obstacle() : 'the fixtures ask what Linux alone tells';

describe.skipIf(because)(
  `a worker of another user${because === undefined ? '' : ` (not here: ${because})`}`,
  () => {
    it('is that user and group for good, in no other group, and not at home in ours', async () => {
      await using worker = await workerFor('tell_user', asNobody);
      const who = await worker.call<Who>('who');
      expect(who).toMatchObject({
        uids: [NOBODY, NOBODY, NOBODY],
        gids: [NOBODY, NOBODY, NOBODY],
        groups: [],
        home: null,
        user: null,
      });
      expect(who.expanded).not.toBe(process.env['HOME']);
    });

    it('may have a home of its own, and may be of another group alone', async () => {
      const env = { set: { HOME: '/tmp' } };
      await using worker = await workerFor('tell_user', { ...asNobody, env });
      expect(await worker.call<Who>('who')).toMatchObject({ home: '/tmp', expanded: '/tmp' });
      await using grouped = await workerFor('tell_user', { python: PYTHON, gid: NOBODY });
      const who = await grouped.call<Who>('who');
      expect(who).toMatchObject({ uids: [0, 0, 0], gids: [NOBODY, NOBODY, NOBODY], groups: [] });
      expect(who.home).toBe(process.env['HOME'] ?? null);
    });

    it('may not read what only we may, and the error says as whom it tried', async () => {
      using home = folder();
      const file = join(home.path, 'secret');
      writeFileSync(file, 'secret', { mode: 0o600 });
      await using worker = await workerFor('tell_user', asNobody);
      expect(await rejection(worker.call('read', [file]))).toMatchObject({
        code: 'python-error',
        pythonType: 'PermissionError',
        message: expect.stringMatching(
          /; the worker runs as user 65534, group 65534 \(options uid, gid\)\.$/,
        ) as string,
      });
    });

    it('is ended from rung to rung, with what it started', async () => {
      const worker = await workerFor('tell_user', {
        ...asNobody,
        cancelGraces: { interruptMs: 10, sigintMs: 0, sigtermMs: 0 },
      });
      const child = await worker.call<number>('spawn');
      expect(await rejection(worker.call('spin', [], { executionTimeoutMs: 100 }))).toMatchObject({
        code: 'execution-timeout',
      });
      await worker.close({ timeoutMs: 0 });
      await untilGone([worker.pid, child]);
    });

    it('has memory that can be read', async () => {
      await using worker = await workerFor('tell_user', asNobody);
      expect(await treeMemoryBytes(worker.pid)).toBeGreaterThan(2 ** 20);
    });

    it.each([
      ['guarded', 'by the guardian, with its children', 2],
      ['alone', 'by the parent-death signal, where there is no guardian', 1],
    ])('ends with a Node that is killed, in C code that holds the GIL: %s, %s', async (mode, _how, count) => {
      const host = hostOf('serve_as_user.ts', NOBODY, mode);
      const [line] = (await once(createInterface({ input: host.stdout }), 'line')) as [string];
      const pids = line.split(' ').map(Number);
      expect(pids).toHaveLength(count);
      host.kill('SIGKILL');
      await once(host, 'exit');
      await untilGone(pids);
    });

    it('does not start for a Node without the rights, and the error says what it takes', async () => {
      const host = hostOf('start_as_another.ts', NOBODY);
      const said = JSON.parse(await text(host.stdout)) as Record<string, unknown>;
      expect(said).toMatchObject({
        code: 'start-failed',
        retryable: false,
        message:
          'Python did not start: user 65534, as whom Node runs, may not start processes of user 65533, group 65533. ' +
          'Run Node as root, or with the capabilities CAP_SETUID, CAP_SETGID and CAP_KILL, or leave out the options uid and gid.',
        context: { uid: 65_533, gid: 65_533, errno: 'EPERM' },
      });
    });

    const withoutKill = spawnSync('setpriv', ['--bounding-set', '-kill', 'true']).status === 0;
    it.skipIf(!withoutKill)(
      `does not start for a Node that could not end it, and nothing is left${withoutKill ? '' : ' (not here: setpriv cannot take CAP_KILL away)'}`,
      async () => {
        const host = hostOf('start_as_another.ts', NOBODY, 'as-it-is', [
          'setpriv',
          '--bounding-set',
          '-kill',
        ]);
        const said = JSON.parse(await text(host.stdout)) as { readonly context: { readonly pid: number } };
        const { pid } = said.context;
        expect(said).toMatchObject({
          code: 'start-failed',
          retryable: false,
          message:
            'Python did not start: user 0, as whom Node runs, may start processes of user 65533, group 65533 but not end them. ' +
            `Process ${pid} was left to end of itself, which it does as its channels are closed. ` +
            'Give Node the capability CAP_KILL as well, or leave out the options uid and gid.',
          context: { uid: 65_533, gid: 65_533, errno: 'EPERM' },
        });
        await untilGone([pid]);
      },
    );

    it('does not start where it may not enter the folder of its interpreter, its runtime or its module', async () => {
      using home = folder();
      const python = join(home.path, 'python3');
      copyFileSync(PYTHON, python);
      expect(await rejection(workerFor('tell_user', { ...asNobody, python }))).toMatchObject({
        code: 'start-failed',
        message: expect.stringMatching(/python3 may not be executed by user 65534, group 65534/) as string,
      });

      const module = join(home.path, 'module.py');
      writeFileSync(module, 'import pypool\n');
      expect(await rejection(workerFor('tell_user', { ...asNobody, module }))).toMatchObject({
        code: 'start-failed',
        message: expect.stringMatching(
          /PermissionError: .*module\.py'; the worker runs as user 65534, group 65534 \(options uid, gid\)/,
        ) as string,
      });
    });
  },
);

function hostOf(name: string, user: number, mode = '', through: readonly string[] = []) {
  const program = fileURLToPath(new URL(`fixtures/hosts/${name}`, import.meta.url));
  const args = [
    '--import',
    'tsx',
    '--conditions=@pypool/source',
    program,
    fixture('tell_user.py'),
    PYTHON,
    String(user),
    mode,
  ];
  const [command, ...rest] = [...through, process.execPath, ...args] as [string, ...string[]];
  return spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** A folder that only we may enter, gone afterwards. */
function folder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'pypool-user-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}
