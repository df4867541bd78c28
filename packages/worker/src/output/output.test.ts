import { PassThrough, Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OutputLine } from './line-builder.js';
import { readLines } from './line-reader.js';
import { NO_CALL } from './output-call.js';
import { printable } from './printable.js';
import { Tail } from './tail.js';
import { UnheardOutput } from './unheard-output.js';

const TOKEN = 'c0ffee';

async function linesOf(chunks: readonly (Uint8Array | string)[], maxLineBytes = 10): Promise<OutputLine[]> {
  const stream = new PassThrough();
  const lines: OutputLine[] = [];
  const read = readLines(stream, { maxLineBytes, token: TOKEN, onLine: (line) => lines.push(line) });
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await read;
  return lines;
}

function whole(...lines: string[]): OutputLine[] {
  return lines.map((line) => ({ line, truncated: false, ...NO_CALL }));
}

describe('reading lines', () => {
  it('gives lines without their ends, empty ones too, and the last one that has none', async () => {
    expect(await linesOf(['one\ntwo\r\n\nth', 'ree'])).toEqual(whole('one', 'two', '', 'three'));
    expect(await linesOf(['one\n'])).toEqual(whole('one'));
    expect(await linesOf([])).toEqual([]);
  });

  it('cuts a line that is too long, and says so', async () => {
    expect(await linesOf(['0123456789abcdefghij!\nx\n'])).toEqual([
      { line: '0123456789', truncated: true, ...NO_CALL },
      { line: 'abcdefghij', truncated: true, ...NO_CALL },
      ...whole('!', 'x'),
    ]);
  });

  it('keeps a character whole that arrives in two chunks or lies across a cut', async () => {
    const [euro] = ['€'].map((text) => Buffer.from(text));
    expect(await linesOf([euro!.subarray(0, 1), euro!.subarray(1), '\n'])).toEqual(whole('€'));
    const lines = await linesOf(['x'.repeat(9) + '😀'.repeat(12) + '\n']);
    expect(lines.map(({ line }) => line).join('')).toBe('x'.repeat(9) + '😀'.repeat(12));
    // Encoding replaces a half of a character.
    for (const { line } of lines) expect(Buffer.from(line).toString()).toBe(line);
  });

  it('shows bytes that are no UTF-8 as replaced', async () => {
    expect(await linesOf([Uint8Array.of(0xff, 0x41, 0x0a)])).toEqual(whole('\ufffdA'));
  });

  it('gives the same lines however the bytes are split', async () => {
    const text = 'ab\ncdefghijklmnopq\r\n€\n\u001b[31mred\u001b[0m\n\nend';
    const expected = await linesOf([text]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(Buffer.byteLength(text)), { maxLength: 8 }), async (cuts) => {
        const bytes = Buffer.from(text);
        const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
        expect(await linesOf(chunks)).toEqual(expected);
      }),
    );
  });

  it('holds no more than a line of a flood without line ends', async () => {
    const stream = new PassThrough();
    let [longest, total] = [0, 0];
    const onLine = ({ line }: OutputLine): void => {
      longest = Math.max(longest, line.length);
      total += line.length;
    };
    const read = readLines(stream, { maxLineBytes: 1_000, token: TOKEN, onLine });
    const chunk = Buffer.alloc(65_536, 'x');
    for (let written = 0; written < 200; written++) {
      if (!stream.write(chunk)) await new Promise((resolve) => stream.once('drain', resolve));
      expect(total).toBeGreaterThan(written * chunk.length - 200_000);
    }
    stream.end();
    await read;
    expect(longest).toBe(1_000);
    expect(total).toBe(200 * chunk.length);
  });

  it('ends with a stream that breaks', async () => {
    const stream = new PassThrough();
    const lines: string[] = [];
    const read = readLines(stream, {
      maxLineBytes: 10,
      token: TOKEN,
      onLine: ({ line }) => lines.push(line),
    });
    stream.write('half');
    await new Promise((resolve) => setImmediate(resolve));
    stream.destroy(new Error('EIO'));
    await read;
    expect(lines).toEqual(['half']);
  });
});

describe('marks in what was printed', () => {
  const mark = (body: string): string => `\u001b_pypool;${TOKEN};${body}\u001b\\`;
  const call = (callId: number, name = 'f', sessionId: string | null = null): string =>
    mark(JSON.stringify([callId, name, sessionId]));
  const said = (lines: readonly OutputLine[]) =>
    lines.map(({ line, callId, sessionId }) => [line, callId, sessionId]);

  it('say which call printed what follows', async () => {
    const lines = await linesOf([`${call(7, 'lend', 'ann')}one\ntwo\n${mark('')}three\n`]);
    expect(lines).toEqual([
      { line: 'one', truncated: false, callId: 7, function: 'lend', sessionId: 'ann' },
      { line: 'two', truncated: false, callId: 7, function: 'lend', sessionId: 'ann' },
      ...whole('three'),
    ]);
  });

  it('end a line that another call has begun, and no line of the same call', async () => {
    expect(said(await linesOf([`${call(1)}a${call(2)}b\n${mark('')}c${mark('')}d`]))).toEqual([
      ['a', 1, null],
      ['b', 2, null],
      ['cd', null, null],
    ]);
  });

  it('set apart what a forked child prints, which tears no line', async () => {
    const text = `${call(1)}half ${mark('(')}child ${mark(')')}of ${mark('(')}too\nand on${mark(')')}it\n`;
    expect(said(await linesOf([text]))).toEqual([
      ['child too', null, null],
      ['half of it', 1, null],
      ['and on', null, null],
    ]);
  });

  it('are those with the token alone: others, halves and what is too long are text', async () => {
    const texts = [
      '\u001b_pypool;other;\u001b\\',
      mark('no JSON'),
      mark('[1]'),
      mark('["1", null, null]'),
      `\u001b_pypool;${TOKEN};${'x'.repeat(30_000)}`,
      `\u001b_pypool;${TOKEN};[1,`,
      `\u001b_pypool;${TOKEN.slice(0, 3)}`,
      '\u001b',
    ];
    for (const text of texts) {
      const lines = await linesOf([`before${text}`], 100_000);
      expect(lines).toEqual(whole(printable(`before${text}`)));
    }
  });

  it('are found however the bytes are split, and nothing else is lost or changed', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'a',
        '€',
        '😀',
        '\n',
        '\u001b',
        '\u001b_pypool;',
        `\u001b_pypool;${TOKEN};`,
        '\u001b\\',
      ),
      fc.constantFrom(mark(''), mark('('), mark(')'), call(1), call(2)),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 12 }),
        fc.array(fc.nat(400), { maxLength: 12 }),
        async (pieces, cuts) => {
          const bytes = Buffer.from(pieces.join(''));
          const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
          const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
          expect(await linesOf(chunks, 1_000)).toEqual(await linesOf([bytes], 1_000));
        },
      ),
    );
  });

  it('lose nothing of what stands between them', async () => {
    const word = fc.stringMatching(/^[a-z]{1,4}$/);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(3), word), { maxLength: 20 }), async (printed) => {
        const text = printed.map(([id, word]) => (id === 0 ? mark('') : call(id)) + word).join('');
        const lines = await linesOf([text], 1_000);
        expect(lines.map(({ line }) => line).join('')).toBe(printed.map(([, word]) => word).join(''));
        for (const id of [1, 2, 3]) {
          const mine = (owner: number | null): boolean => owner === id;
          expect(
            lines
              .filter(({ callId }) => mine(callId))
              .map(({ line }) => line)
              .join(''),
          ).toBe(
            printed
              .filter(([owner]) => mine(owner))
              .map(([, word]) => word)
              .join(''),
          );
        }
      }),
    );
  });
});

describe('what is printable', () => {
  it.each([
    ['\u001b[31mred\u001b[0m', 'red'],
    ['\u001b]0;title\u0007text', 'text'],
    ['\u001b]8;;http://x\u001b\\link', 'link'],
    ['a\u0000b\u0007c\u007fd\u0085e', 'abcde'],
    ['\u009b31mred\u009b0m', 'red'],
    ['\u009d0;title\u009ctext', 'text'],
    ['\u001bPq#0;2;0\u001b\\text', 'text'],
    ['\u0090q#0\u009ctext', 'text'],
    ['\u001b_command\u001b\\\u001b^private\u0007text', 'text'],
    ['text\u001b]52;c;c2VjcmV0', 'text'],
    ['tab\tstays', 'tab\tstays'],
    ['50%\rdone', '50%done'],
    ['\u001bcreset', 'reset'],
    ['user\u202etxt.exe\u2066\u2069', 'usertxt.exe'],
    ['plain ü 😀', 'plain ü 😀'],
  ])('of %j is %j', (text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  it('holds no control character but tab, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('\u001b', '[', ']', '3', 'm', '\u0007', '\u009b', '\t', 'a') }),
        (text) => {
          expect(printable(text)).not.toMatch(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/);
        },
      ),
    );
  });
});

describe('a tail', () => {
  it('keeps the last lines, by count and by size', () => {
    const tail = new Tail(3, 10);
    for (const line of ['a', 'b', 'c', 'd']) tail.push(line);
    expect(tail.lines).toEqual(['b', 'c', 'd']);
    tail.push('12345678');
    expect(tail.lines).toEqual(['c', 'd', '12345678']);
    tail.push('0123456789abc');
    expect(tail.lines).toEqual(['3456789abc']);
  });
});

describe('output that nobody listens to', () => {
  it('is printed with the name of its worker, the lines of one turn in one write', async () => {
    const stream = new PassThrough({ encoding: 'utf8' });
    const writes: string[] = [];
    stream.on('data', (text: string) => writes.push(text));
    const unheard = new UnheardOutput(stream);
    unheard.print('pool-0.1', 'one');
    unheard.print('pool-1.2', 'two');
    await new Promise((resolve) => setImmediate(resolve));
    unheard.print('pool-0.1', 'three');
    await new Promise((resolve) => setImmediate(resolve));
    expect(writes).toEqual(['[pool-0.1] one\n[pool-1.2] two\n', '[pool-0.1] three\n']);
  });

  it('is dropped where it comes faster than it is taken, and how much is said', async () => {
    const taken: string[] = [];
    let take: (() => void) | undefined;
    const stream = new Writable({
      decodeStrings: false,
      write(text: string, _encoding, done) {
        taken.push(text);
        take = done;
      },
    });
    const unheard = new UnheardOutput(stream);
    const line = 'x'.repeat(100_000);
    for (let turn = 0; turn < 100; turn++) {
      unheard.print('w', line);
      await Promise.resolve();
    }
    expect(stream.writableLength).toBeLessThan(1_300_000);
    while (stream.writableLength > 0) {
      take?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    unheard.print('w', 'last');
    await Promise.resolve();
    expect(taken.at(-1)).toMatch(/^\[pypool\] 89 lines were dropped: .*\n\[w\] last\n$/);
  });

  it('is given up when its reader is gone, and ends nobody', async () => {
    let writes = 0;
    const stream = new Writable({
      write(_chunk, _encoding, done) {
        writes += 1;
        done(new Error('EPIPE'));
      },
    });
    const unheard = new UnheardOutput(stream);
    for (let turn = 0; turn < 3; turn++) {
      unheard.print('w', 'line');
      for (let step = 0; step < 3; step++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(writes).toBe(1);
    expect(stream.listenerCount('error')).toBe(0);
  });
});
