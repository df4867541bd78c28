import { describe, expect, it } from 'vitest';
import { FatalStack } from './fatal-stack.js';

function framesOf(...lines: string[]): readonly string[] {
  const stack = new FatalStack();
  for (const line of lines) stack.push(line);
  return stack.frames;
}

describe('the stack of a crash', () => {
  it('is that of the thread that crashed, wherever it stands among the others', () => {
    expect(
      framesOf(
        'something before',
        'Fatal Python error: Segmentation fault',
        '',
        'Thread 0x00007f1 [other] (most recent call first):',
        '  File "/a/other.py", line 1 in other',
        '',
        'Current thread 0x00007f2 [MainThread] (most recent call first):',
        '  File "/a/b.py", line 3 in inner',
        '  File "/a/b.py", line 7 in <module>',
        '',
        "Current thread's C stack trace (most recent call first):",
        '  Binary file "/usr/bin/python", at _Py_DumpStack+0x30',
        'Thread 0x00007f3 (most recent call first):',
        '  File "/a/last.py", line 9 in last',
      ),
    ).toEqual(['File "/a/b.py", line 3 in inner', 'File "/a/b.py", line 7 in <module>']);
  });

  it('is found where faulthandler shows one thread alone', () => {
    expect(
      framesOf(
        'Fatal Python error: Aborted',
        '',
        'Stack (most recent call first):',
        '  File "a.py", line 3 in f',
      ),
    ).toEqual(['File "a.py", line 3 in f']);
  });

  it('is the last one', () => {
    const crash = (name: string): string[] => [
      'Fatal Python error: Aborted',
      'Current thread 0x1 (most recent call first):',
      `  File "a.py", line 3 in ${name}`,
    ];
    expect(framesOf(...crash('first'), ...crash('second'))).toEqual(['File "a.py", line 3 in second']);
  });

  it('is no stack that was asked for, nor a traceback', () => {
    expect(
      framesOf(
        'Timeout (0:00:01)!',
        'Current thread 0x1 (most recent call first):',
        '  File "a.py", line 3 in f',
        'Traceback (most recent call last):',
        '  File "a.py", line 3, in f',
      ),
    ).toEqual([]);
  });

  it('holds no more than faulthandler prints of a thread', () => {
    const frames = Array.from({ length: 300 }, (_, line) => `  File "a.py", line ${line} in f`);
    expect(
      framesOf('Fatal Python error: Aborted', 'Current thread 0x1 (most recent call first):', ...frames),
    ).toHaveLength(100);
  });
});
