/**
 * `npm run vectors` writes packages/protocol/vectors/*.json; `npm run vectors -- --check` exits 1 where they differ from what it
 * would write. The bytes are put together by hand here, not by the packages under test: a vector is a second opinion.
 */

import { readFile, writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import { frameVectors } from './frames.js';
import { fuzzVectors } from './fuzz.js';
import { messageVectors } from './messages.js';
import { valueVectors } from './values.js';

const FOLDER = new URL('../../../packages/protocol/vectors/', import.meta.url);
const FILES: Readonly<Record<string, () => unknown>> = {
  'frames.json': frameVectors,
  'values.json': valueVectors,
  'messages.json': messageVectors,
  'fuzz.json': fuzzVectors,
};

const check = process.argv.includes('--check');
for (const [name, make] of Object.entries(FILES)) {
  const file = new URL(name, FOLDER);
  const options = await resolveConfig(file);
  const wanted = await format(JSON.stringify(make()), { ...options, parser: 'json' });
  if (!check) {
    await writeFile(file, wanted);
    console.log(`wrote packages/protocol/vectors/${name}`);
  } else if ((await readFile(file, 'utf8').catch(() => '')) !== wanted) {
    console.error(`packages/protocol/vectors/${name} differs from what the generator makes: npm run vectors`);
    process.exitCode = 1;
  }
}
