// What the README says can be typed or read in an answer, as it says it.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { USAGE } from '../src/command-line.js';
import { createGateway } from '../src/gateway.js';
import { SAMPLE_MODULE } from '../src/paths.js';

const gatewayFolder = new URL('../', import.meta.url);
const readme = readFileSync(new URL('README.md', gatewayFolder), 'utf8');

/** A line of curl as a request: its address, its one header and its body, of which `@` names a file. */
function requestOf(line: string, url: string): [string, RequestInit] {
  const [, target = ''] = /curl '?(?:localhost:8080)(\/[^ ']*)/.exec(line)!;
  const [, name = '', value = ''] = /-H '([^:]+): ([^']+)'/.exec(line)!;
  const [, text, file] = /(?:-d '([^']*)'|--data-binary @(\S+))/.exec(line)!;
  const body = text ?? readFileSync(new URL(file!, gatewayFolder));
  return [url + target, { method: 'POST', headers: { [name]: value }, body }];
}

it('has commands that work as they are', async () => {
  await using gateway = await createGateway({ module: SAMPLE_MODULE, size: 1 });
  const lines = readme.match(/^curl .*$/gm)!.map((line) => line.replace(/ +#.*$/, ''));
  const answers: string[] = [];
  for (const line of lines) answers.push(await (await fetch(...requestOf(line, gateway.url))).text());
  expect(answers).toEqual([
    '"Hello, Ada!"',
    '{"item":1}\n{"item":2}\n{"item":3}\n{"end":true}\n',
    JSON.stringify(createHash('md5').update(readme).digest('hex')),
  ]);
});

it('names each code that the gateway refuses with by itself', () => {
  const source = fileURLToPath(new URL('src', gatewayFolder));
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  const codes = files.flatMap((file) => {
    const text = readFileSync(`${source}/${file}`, 'utf8');
    return [
      ...text.matchAll(
        /RequestError\(\s*\d+,\s*'([a-z-]+)'|^ {2}FST_\w+: '([a-z-]+)'|\?\? '(bad-request)'/gm,
      ),
    ];
  });
  expect(codes.length).toBeGreaterThan(8);
  for (const [, ...named] of codes)
    expect(readme).toContain(`\`${named.find((code) => code !== undefined)}\``);
});

it('and --help name each option that it speaks of', () => {
  const options = new Set(readme.match(/`--[a-z-]+/g)!.map((option) => option.slice(1)));
  options.delete('--import');
  expect(options.size).toBeGreaterThan(4);
  for (const option of options) expect(USAGE).toMatch(new RegExp(`^ *${option}\\b`, 'm'));
});
