import { spawn } from 'node:child_process';
import type { Duplex, Writable } from 'node:stream';

import { programFile, PYTHON } from '../machine/python.js';
import { reaped } from './child.js';
import { PAYLOAD, timedCalls, WORKERS } from './subject.js';
import type { RunningSubject, Subject } from './subject.js';

const HEADER_BYTES = 16;
const CALL = 1;

/**
 * The least that any pool over this kind of channel can cost: one framed JSON echo between Node and Python, over the same pair of
 * inherited sockets, with the same header, and nothing else. No queue, no table of calls, no timeouts, no limits, no errors.
 */
export function floor(name = 'floor'): Subject {
  return {
    name,
    async start(): Promise<RunningSubject> {
      const workers = Array.from({ length: WORKERS }, startWorker);
      for (const worker of workers) await worker.call('echo', [PAYLOAD]);
      // All to the same one, whose core has everything at hand: it is the slower the more often that changes.
      const echo = () => workers[0]!.call('echo', [PAYLOAD]);
      return {
        calls: (count) => timedCalls(echo, count),
        async close() {
          await Promise.all(workers.map((worker) => worker.close()));
        },
      };
    },
  };
}

function startWorker() {
  const child = spawn(PYTHON, ['-u', programFile('floor.py')], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'pipe'],
  });
  const requests = child.stdio[3] as Writable;
  const replies = child.stdio[4] as Duplex;
  // One call is in flight at a time, so its frame has been written whole when the next one overwrites it.
  const frame = Buffer.alloc(4096);
  let id = 0;
  let settle: ((value: unknown) => void) | undefined;
  let fail: ((error: Error) => void) | undefined;
  let partial: Buffer | undefined;

  replies.on('data', (chunk: Buffer) => {
    const bytes = partial === undefined ? chunk : Buffer.concat([partial, chunk]);
    const end = bytes.length < HEADER_BYTES ? Infinity : HEADER_BYTES + bytes.readUInt32LE(0);
    if (bytes.length < end) {
      partial = bytes;
      return;
    }
    partial = undefined;
    settle!(JSON.parse(bytes.toString('utf8', HEADER_BYTES, end)));
  });
  child.once('exit', (code, signal) => fail?.(new Error(`The floor's Python ended: ${code ?? signal}.`)));

  return {
    call(name: string, args: readonly unknown[]): Promise<unknown> {
      const envelopeBytes = frame.write(JSON.stringify([name, args]), HEADER_BYTES);
      frame.writeUInt32LE(envelopeBytes, 0);
      frame[4] = CALL;
      frame.writeUInt32LE(++id, 8);
      requests.write(frame.subarray(0, HEADER_BYTES + envelopeBytes));
      return new Promise((resolve, reject) => {
        settle = resolve;
        fail = reject;
      });
    },
    async close(): Promise<void> {
      requests.end();
      await reaped(child);
    },
  };
}
