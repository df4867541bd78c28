import { expect, it } from 'vitest';
import { table } from './table.js';

it('makes columns as wide as their widest cell, numbers to the right, and cuts what is too long', () => {
  const rows = [
    { name: 'asyncio', lines: 14_045 },
    { name: 'multiprocessing', lines: 9 },
  ];
  const text = table(
    [
      { title: 'package', align: 'left', maxWidth: 10, cell: ({ name }) => name },
      { title: 'lines', cell: ({ lines }) => lines },
    ],
    rows,
  );
  expect(text.split('\n')).toEqual([
    'package      lines',
    '──────────  ──────',
    'asyncio     14,045',
    'multiproc…       9',
  ]);
});
