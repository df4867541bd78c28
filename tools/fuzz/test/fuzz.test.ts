import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Random } from '../../chaos/src/random.js';
import { type FuzzResult, fuzz } from '../src/fuzz.js';
import { inputOf, passesHeader } from '../src/inputs/input.js';
import { mutate } from '../src/inputs/mutator.js';
import { seeds } from '../src/inputs/seeds.js';
import { PLANTED } from '../src/planted.js';
import { look } from '../src/self-test.js';
import { openWorkspace } from '../src/workspace.js';

const python = process.env['PYPOOL_PYTHON'] ?? 'python3';

/** Each starts processes, beside other tests. */
const LONG_MS = 240_000;

describe('the fuzzer', () => {
  it(
    'finds nothing in the decoders as they are, and keeps the same inputs for the same seed',
    async () => {
      const run = async (): Promise<FuzzResult> => {
        await using workspace = openWorkspace(python);
        return await fuzz({ seed: 5, inputs: 2000, seeds: seeds(), workspace });
      };
      const [first, second] = [await run(), await run()];
      expect(first.findings).toEqual([]);
      expect(first.headerPassed).toBeGreaterThan(first.inputs / 2);
      expect(first.compared).toBeGreaterThan(first.inputs / 10);
      expect(second.endings).toEqual(first.endings);
      const shown = ({ corpus }: FuzzResult): string[] =>
        corpus.map((input) => Buffer.from(input).toString('hex'));
      expect(shown(second)).toEqual(shown(first));
    },
    LONG_MS,
  );

  it.each(PLANTED)('knows where to plant: $about', ({ file, find }) => {
    const folder = file.endsWith('.py') ? '../../../python/pypool/' : '../../../packages/protocol/src/';
    const source = readFileSync(new URL(folder + file, import.meta.url), 'utf8');
    expect(source.split(find)).toHaveLength(2);
  });

  // Limits, memory and a crash; all of them are `npm run fuzz -- --self-test`.
  const some = PLANTED.filter(({ about }) => /limit on buffers|Node allocates|ValueError/.test(about));
  it.each(some)(
    'finds a planted bug: $about',
    async (bug) => {
      expect(await look(python, bug)).toMatch(/^after \d+ inputs/);
    },
    LONG_MS,
  );
});

describe('the mutator', () => {
  it('draws the same inputs for the same seed, most of them with a header that a receiver goes on with', () => {
    const corpus = seeds();
    const draw = (seed: number): string[] => {
      const random = new Random(seed);
      return Array.from({ length: 2000 }, () => Buffer.from(mutate(random, corpus)).toString('hex'));
    };
    const inputs = draw(3);
    expect(draw(3)).toEqual(inputs);
    expect(draw(4)).not.toEqual(inputs);
    const passed = inputs.filter((hex) => passesHeader(inputOf(Buffer.from(hex, 'hex'))));
    expect(passed.length).toBeGreaterThan(inputs.length / 2);
    expect(passed.length).toBeLessThan(inputs.length);
  });
});
