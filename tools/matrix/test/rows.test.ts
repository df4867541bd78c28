import { describe, expect, it } from 'vitest';
import type { Interpreter } from '../interpreter.js';
import { allRows, endRows, type Row } from '../rows.js';
import { impostors } from '../seen.js';
import { sumLine, tableOf } from '../table.js';

const at = (version: string): Interpreter => ({ file: `/${version}`, version });
const nodes = ['20.19.0', '22.1.0', '26.0.0'].map(at);
const pythons = ['3.9.18', '3.11.7', '3.13.0'].map(at);
const pairs = (rows: readonly Row[]): string[] =>
  rows.map(({ node, python }) => `${node.version} ${python.version}`);

describe('the rows of the matrix', () => {
  it('are each Node with the usual Python, and each Python with the current Node', () => {
    const rows = allRows({ nodes, pythons, node: nodes[1]!, python: pythons[1]! });
    expect(pairs(rows)).toEqual([
      ...['20.19.0 3.11.7', '22.1.0 3.11.7', '26.0.0 3.11.7'],
      ...['22.1.0 3.9.18', '22.1.0 3.11.7', '22.1.0 3.13.0'],
    ]);
  });

  it('are at the ends the oldest together and the newest together', () => {
    expect(pairs(endRows({ nodes, pythons }))).toEqual(['20.19.0 3.9.18', '26.0.0 3.13.0']);
    expect(pairs(endRows({ nodes: [nodes[0]!], pythons: [pythons[0]!] }))).toEqual(['20.19.0 3.9.18']);
  });

  it('are what they claim to be where every part says so', () => {
    const row = { node: nodes[0]!, python: pythons[0]!, filters: ['packages/pool', 'python'] };
    const seen = [
      { who: 'vitest', version: 'v20.19.0' },
      { who: 'worker', version: '3.9.18 (main, Nov 26 2026)\n[GCC 12]' },
      { who: 'unittest', version: '3.9.18 (main)' },
    ] as const;
    expect(impostors(row, seen)).toEqual([]);
    expect(impostors(row, seen.slice(0, 2))).toEqual(['unittest did not say what it ran on']);
    expect(impostors({ ...row, filters: ['packages/pool'] }, seen.slice(0, 2))).toEqual([]);
    expect(impostors({ ...row, node: nodes[2]! }, seen)).toEqual([
      'vitest ran on v20.19.0 instead of v26.0.0',
    ]);
  });

  it('are lines of a table that ends with the sum', () => {
    const row = { node: nodes[0]!, python: pythons[2]!, filters: [] };
    const results = [
      { row, passed: 1_200, failed: 0, skipped: 7, reasons: '', seconds: 61.4, output: '' },
      { row, passed: 9, failed: 2, skipped: 0, reasons: '', seconds: 3, output: '' },
    ];
    expect(tableOf(results)).toEqual([
      'node     python  passed  failed  skipped  time',
      '20.19.0  3.13.0    1200       0        7  61 s',
      '20.19.0  3.13.0       9       2        0   3 s',
    ]);
    expect(sumLine(results)).toBe('1209 passed, 2 failed');
  });
});
