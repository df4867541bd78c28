import { describe, expect, it } from 'vitest';
import { Progress } from './progress.js';

/** Where progress is printed, with what it was given. */
function screen(isTTY: boolean, columns = 80) {
  let text = '';
  const out = { isTTY, columns, write: (chunk: string) => (text += chunk) };
  return { out: out as unknown as NodeJS.WriteStream, text: () => text };
}

describe('progress', () => {
  it('says each quarter in a line where there is no terminal', () => {
    const { out, text } = screen(false);
    const progress = new Progress('census', 8, out);
    for (let step = 0; step < 8; step += 1) progress.step();
    progress.note('(a note)');
    progress.end();
    expect(text()).toBe('census: 2 of 8\ncensus: 4 of 8\ncensus: 6 of 8\ncensus: 8 of 8\n(a note)\n');
  });

  it('draws a bar over itself on a terminal, with notes above it', () => {
    const { out, text } = screen(true, 50);
    const progress = new Progress('census', 2, out);
    progress.step();
    progress.note('(a note)');
    progress.step();
    progress.end();
    const half = '\r\x1b[Kcensus █████░░░░░ 1/2';
    expect(text()).toBe(`${half}\r\x1b[K(a note)\n${half}\r\x1b[Kcensus ██████████ 2/2\n`);
  });
});
