import type { DumpedThread } from '@pypool/protocol';
import { describe, expect, it } from 'vitest';
import { NO_CALL } from '../output/output-call.js';
import { SignalledStacks } from './signalled-stacks.js';

const WRITTEN = [
  'Thread 0x00007f35e095a6c0 (most recent call first):',
  '  File "/a/queue.py", line 4 in get',
  '',
  'Current thread 0x00007f35e17cbb80 (most recent call first):',
  '  Garbage-collecting',
  '  File "/a/my "file".py", line 8 in nap',
  '  File "/r/pypool/engine_sync.py", line 100 in _answer',
  '  File "<string>", line 8 in <module>',
];

const THREADS = [
  {
    id: 0x7f35e095a6c0,
    name: undefined,
    main: false,
    frames: [{ file: '/a/queue.py', line: 4, function: 'get', code: undefined }],
  },
  {
    id: 0x7f35e17cbb80,
    name: undefined,
    main: true,
    frames: [
      { file: '/a/my "file".py', line: 8, function: 'nap', code: undefined },
      { file: '/r/pypool/engine_sync.py', line: 100, function: '_answer', code: undefined },
      { file: '<string>', line: 8, function: '<module>', code: undefined },
    ],
  },
];

function reader(): {
  stacks: SignalledStacks;
  told: (readonly DumpedThread[])[];
  read: (...lines: string[]) => string[];
} {
  const told: (readonly DumpedThread[])[] = [];
  const stacks = new SignalledStacks((threads) => told.push(threads));
  const read = (...lines: string[]): string[] =>
    lines.flatMap((line) => stacks.sift({ ...NO_CALL, line, truncated: false })?.line ?? []);
  return { stacks, told, read };
}

describe('stacks that are written on a signal', () => {
  it('are taken from among the lines, and end with the last frame of the main thread', () => {
    const { stacks, told, read } = reader();
    stacks.expect();
    expect(read('before', ...WRITTEN, 'after')).toEqual(['before', 'after']);
    expect(told).toEqual([THREADS]);
  });

  it('are the output of the process where nobody asked for them, and after the first', () => {
    const { stacks, told, read } = reader();
    expect(read(...WRITTEN)).toEqual(WRITTEN);
    stacks.expect();
    read(...WRITTEN);
    expect(read(...WRITTEN)).toEqual(WRITTEN);
    expect(told).toHaveLength(1);
  });

  it('are not taken for those of a crash, which end them', () => {
    const crash = ['Fatal Python error: Segmentation fault', '', ...WRITTEN];
    const never = reader();
    never.stacks.expect();
    expect(never.read(...crash)).toEqual(crash);
    expect(never.told).toEqual([]);
    const begun = reader();
    begun.stacks.expect();
    expect(begun.read(...WRITTEN.slice(0, 2), ...crash)).toEqual(crash);
    expect(begun.told).toEqual([[THREADS[0]]]);
  });

  it('are the output of the process where nobody waits any more, unless they have begun', () => {
    const { stacks, told, read } = reader();
    stacks.expect();
    stacks.forgo();
    expect(read(...WRITTEN)).toEqual(WRITTEN);
    stacks.expect();
    read(WRITTEN[0]!);
    stacks.forgo();
    expect(read(...WRITTEN.slice(1))).toEqual([]);
    expect(told).toEqual([THREADS]);
  });

  it('leave alone what was begun of a line before them', () => {
    const { stacks, told, read } = reader();
    stacks.expect();
    expect(read(`50 % done${WRITTEN[0]!}`, ...WRITTEN.slice(1))).toEqual(['50 % done']);
    expect(told).toEqual([THREADS]);
  });

  it('end where there were too many frames, or something else is written', () => {
    for (const [last, left] of [
      ['  ...', []],
      ['a print of another thread', ['a print of another thread']],
    ] as const) {
      const { stacks, told, read } = reader();
      stacks.expect();
      expect(read(...WRITTEN.slice(0, -1), last)).toEqual(left);
      expect(told[0]?.[1]?.frames).toHaveLength(2);
    }
  });

  it('are what there is of them when nothing more comes', () => {
    const { stacks, told, read } = reader();
    stacks.expect();
    stacks.end();
    expect(told).toEqual([]);
    read(...WRITTEN.slice(0, 2));
    expect(stacks.begun).toBe(true);
    stacks.end();
    expect(told).toEqual([[THREADS[0]]]);
    expect(stacks.begun).toBe(false);
  });

  it('may have lines that were cut, and names', () => {
    const { stacks, told } = reader();
    stacks.expect();
    const heading = 'Current thread 0x1 [MainThread] (most recent call first):';
    stacks.sift({ ...NO_CALL, line: heading, truncated: false });
    for (const [line, truncated] of [
      ['  File "/a/very/lo', true],
      ['ng/path.py", li', true],
      ['ne 3 in f', false],
    ] as const) {
      expect(stacks.sift({ ...NO_CALL, line, truncated })).toBeUndefined();
    }
    stacks.end();
    expect(told).toMatchObject([
      [{ id: 1, name: 'MainThread', frames: [{ file: '/a/very/long/path.py', line: 3, function: 'f' }] }],
    ]);
  });
});
