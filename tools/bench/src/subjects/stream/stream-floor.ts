import { spawn } from 'node:child_process';
import type { Duplex, Writable } from 'node:stream';

import { programFile, PYTHON } from '../../machine/python.js';
import { reaped } from '../child.js';
import type { RunningSubject, Subject } from '../subject.js';

const HEADER_BYTES = 16;

/** The least that a stream can cost over this kind of channel: a frame for each item, no credit, no promise for an item, nothing kept. */
export function streamFloor(name: string): Subject {
  return {
    name,
    async start(): Promise<RunningSubject> {
      const child = spawn(PYTHON, ['-u', programFile('floor_items.py')], {
        stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'pipe'],
      });
      const requests = child.stdio[3] as Writable;
      const replies = child.stdio[4] as Duplex;
      let expected = 0;
      let count = 0;
      let done: (() => void) | undefined;
      let fail: ((error: Error) => void) | undefined;
      let partial: Buffer | undefined;
      replies.on('data', (chunk: Buffer) => {
        const bytes = partial === undefined ? chunk : Buffer.concat([partial, chunk]);
        let at = 0;
        while (bytes.length - at >= HEADER_BYTES) {
          const end = at + HEADER_BYTES + bytes.readUInt32LE(at);
          if (bytes.length < end) break;
          const [item] = JSON.parse(bytes.toString('utf8', at + HEADER_BYTES, end)) as [number];
          if (item !== expected++) fail?.(new Error(`Expected item ${expected - 1}, got ${item}.`));
          at = end;
        }
        partial = at === bytes.length ? undefined : bytes.subarray(at);
        if (expected === count) done?.();
      });
      child.once('exit', (code, signal) => fail?.(new Error(`The floor's Python ended: ${code ?? signal}.`)));
      return {
        async calls(items) {
          const before = performance.now();
          [expected, count] = [0, items];
          await new Promise<void>((resolve, reject) => {
            [done, fail] = [resolve, reject];
            requests.write(`${items}\n`);
          });
          return [((performance.now() - before) * 1000) / items];
        },
        async close() {
          requests.end();
          await reaped(child);
        },
      };
    },
  };
}
