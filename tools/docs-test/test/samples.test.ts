import { describe, expect, it } from 'vitest';
import { fileNameOf, samplesOf } from '../samples.js';

const fence = (language: string, ...code: string[]): string =>
  ['```' + language, ...code, '```', ''].join('\n');

describe('the samples of a page', () => {
  it('are its fenced blocks, with the line on which their code starts', () => {
    const page = ['# Title', '', fence('ts', 'one();', 'two();'), fence('sh', 'npm test')].join('\n');
    expect(samplesOf(page)).toMatchObject([
      { line: 4, language: 'ts', code: 'one();\ntwo();\n', preamble: '', isTest: false, notRun: undefined },
      { line: 9, language: 'sh', code: 'npm test\n' },
    ]);
  });

  it('take code from the comment right before them', () => {
    const page = ['<!-- with:', 'const a = 1;', '-->', '', fence('ts', 'use(a);')].join('\n');
    expect(samplesOf(page)).toMatchObject([{ line: 6, preamble: 'const a = 1;', isTest: false }]);
  });

  it('are tests where the comment says so', () => {
    expect(samplesOf(`<!-- test: setUp(); -->\n${fence('ts', 'it();')}`)).toMatchObject([
      { preamble: 'setUp();', isTest: true },
    ]);
  });

  it('are not run where the comment says why', () => {
    expect(samplesOf(`<!-- not run: needs a GPU -->\n\n${fence('ts', 'it();')}`)).toMatchObject([
      { preamble: '', notRun: 'needs a GPU' },
    ]);
  });

  it('are not touched by a comment that stands elsewhere', () => {
    expect(samplesOf(`<!-- not run: old -->\n\ntext\n\n${fence('ts', 'it();')}`)).toMatchObject([
      { notRun: undefined },
    ]);
  });

  it('name their file in the first line if they are Python', () => {
    const [named, unnamed] = samplesOf(
      fence('python', '# embeddings.py - plain') + fence('python', 'import os'),
    );
    expect([fileNameOf(named!), fileNameOf(unnamed!)]).toEqual(['embeddings.py', undefined]);
  });
});
