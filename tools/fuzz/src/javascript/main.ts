// The peer that judges with the decoders of TypeScript: `main.ts FOLDER BRANCHES`, batches on stdin, answers on stdout.

import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import type * as Protocol from '@pypool/protocol';
import { endWithParent } from './end-with-parent.js';
import { readRequests } from './requests.js';
import { COUNTERS } from './instrument.js';
import { Judge } from './judge.js';
import type { Schemas } from './frame-judge.js';

await endWithParent();
const [, , folder = '', count = '0'] = process.argv;
const counters = new Uint8Array(Number(count));
Object.defineProperty(globalThis, COUNTERS, { value: counters });

const load = (file: string): Promise<unknown> => import(pathToFileURL(join(folder, file)).href);
const protocol = (await load('index.js')) as typeof Protocol;
const { ENVELOPE_SCHEMAS } = (await load('message/schemas.js')) as { ENVELOPE_SCHEMAS: Schemas };
const judge = new Judge(protocol, ENVELOPE_SCHEMAS);

/** What was taken before; loading counts. */
const seen = new Uint8Array(counters);

function takesSomethingNew(): boolean {
  let fresh = false;
  for (let index = 0; index < counters.length; index++) {
    if (counters[index] === 1 && seen[index] === 0) {
      seen[index] = 1;
      fresh = true;
    }
  }
  return fresh;
}

for await (const { explain, inputs } of readRequests(process.stdin)) {
  const answers = inputs.map((input) => {
    counters.fill(0);
    const meanings: string[] | undefined = explain ? [] : undefined;
    const verdict = { ...judge.judge(input, meanings), fresh: takesSomethingNew() };
    if (!explain) return verdict;
    const branches = [...counters.keys()].filter((index) => counters[index] === 1);
    return { verdict, branches, meanings, everTaken: [...seen.keys()].filter((index) => seen[index] === 1) };
  });
  process.stdout.write(`${JSON.stringify({ answers, rssBytes: process.memoryUsage.rss() })}\n`);
}
