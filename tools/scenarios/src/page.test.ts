import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const tests = fileURLToPath(new URL('../test/', import.meta.url));
const page = readFileSync(new URL('../../../apps/docs/scenarios.md', import.meta.url), 'utf8');

/** All there are: the last is S64. */
const ALL = Array.from({ length: 64 }, (_, at) => numbered(at + 1));

/** Scenarios of work that is still open. */
const OPEN: readonly string[] = [];

function numbered(number: number): string {
  return `S${String(number).padStart(2, '0')}`;
}

/** The numbers that names of tests begin with. */
function tested(): string[] {
  const sources = readdirSync(tests)
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => readFileSync(`${tests}${name}`, 'utf8'));
  const names = sources.flatMap((source) => [...source.matchAll(/^\s*(?:\S.*\()?['"`](S\d\d)\b/gm)]);
  return [...new Set(names.map(([, number]) => number!))].sort();
}

/** The numbers of the rows of the page's table: `S61 to S64` stands for four. */
function described(): string[] {
  return [...page.matchAll(/^\| S(\d\d)(?: to S(\d\d))?\b/gm)].flatMap(([, first, last]) => {
    const [from, to] = [Number(first), Number(last ?? first)];
    return Array.from({ length: to - from + 1 }, (_, at) => numbered(from + at));
  });
}

describe('the page of the scenarios', () => {
  it('describes each scenario that has a test, once, and no other', () => {
    expect(described()).toEqual(tested());
  });

  it('names those that are open, and these are all that have no test', () => {
    const sentence = /^(S\d\d(?:(?:, | and )S\d\d)*) belongs? to work that is still open/m.exec(page)?.[1];
    expect(sentence?.match(/S\d\d/g) ?? []).toEqual(OPEN);
    expect([...tested(), ...OPEN].sort()).toEqual(ALL);
  });
});
