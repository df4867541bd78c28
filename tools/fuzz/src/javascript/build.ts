import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Branch, instrument, toJavaScript } from './instrument.js';

/** What reads bytes from the wire in TypeScript, below packages/protocol/src. */
export const DECODERS: readonly string[] = [
  'frame/decoder.ts',
  'frame/filling.ts',
  'frame/header.ts',
  'frame/text.ts',
  'message/parse.ts',
  'value/codec.ts',
  'value/depth.ts',
  'value/dtype.ts',
  'value/python-value.ts',
  'value/untagging.ts',
  'errors/python-error-from.ts',
];

/** A change of one source file, to see whether the fuzzer notices. */
export interface Plant {
  /** Below packages/protocol/src or python/pypool. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const SOURCE = fileURLToPath(new URL('../../../../packages/protocol/src/', import.meta.url));

/** Write the package into a folder as JavaScript whose decoders count their branches, and say which those are. */
export function buildInstrumented(folder: string, plant?: Plant): Branch[] {
  const branches: Branch[] = [];
  for (const file of readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue;
    const source = planted(readFileSync(join(SOURCE, file), 'utf8'), file, plant);
    const script = DECODERS.includes(file) ? instrument(source, file, branches) : toJavaScript(source, file);
    const target = join(folder, file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, script);
  }
  return branches;
}

/** A source with what is planted into it. */
export function planted(source: string, file: string, plant: Plant | undefined): string {
  if (plant?.file !== file) return source;
  if (!source.includes(plant.find)) throw new Error(`nothing to replace in ${file}: ${plant.find}`);
  return source.replace(plant.find, () => plant.replace);
}
