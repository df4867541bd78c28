import { spawn } from 'node:child_process';
import type { Duplex, Writable } from 'node:stream';

import { programFile, PYTHON } from '../../machine/python.js';
import { reaped } from '../child.js';
import { WORKERS } from '../subject.js';
import type { RunningSubject, Subject } from '../subject.js';
import { busyCalls } from './busy.js';

const HEADER_BYTES = 16;
const CALL = 1;

/**
 * The least that many calls at once can cost over this kind of channel: every call is sent as it is made, all of one turn of the loop in
 * one write, and Python sends each result by itself, so that a crash would leave no doubt which calls it had answered.
 */
export function busyFloor(callers: number, name = 'floor', count = WORKERS): Subject {
  return {
    name,
    async start(): Promise<RunningSubject> {
      const workers = Array.from({ length: count }, startWorker);
      let turn = 0;
      const echo = (value: unknown) => workers[turn++ % count]!.call('echo', [value]);
      await busyCalls(echo, count, count);
      return {
        calls: (made) => busyCalls(echo, made, callers),
        async close() {
          await Promise.all(workers.map((worker) => worker.close()));
        },
      };
    },
  };
}

function startWorker() {
  const child = spawn(PYTHON, ['-u', programFile('floor_pipelined.py')], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'pipe'],
  });
  const requests = child.stdio[3] as Writable;
  const replies = child.stdio[4] as Duplex;
  const pending = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let id = 0;
  let batch = Buffer.allocUnsafe(1 << 16);
  let filled = 0;
  let partial: Buffer | undefined;

  const flush = (): void => {
    requests.write(batch.subarray(0, filled));
    batch = Buffer.allocUnsafe(1 << 16);
    filled = 0;
  };
  replies.on('data', (chunk: Buffer) => {
    const bytes = partial === undefined ? chunk : Buffer.concat([partial, chunk]);
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      const end = at + HEADER_BYTES + bytes.readUInt32LE(at);
      if (bytes.length < end) break;
      const call = bytes.readUInt32LE(at + 8);
      const { resolve } = pending.get(call)!;
      pending.delete(call);
      resolve(JSON.parse(bytes.toString('utf8', at + HEADER_BYTES, end)));
      at = end;
    }
    partial = at === bytes.length ? undefined : bytes.subarray(at);
  });
  child.once('exit', (code, signal) => {
    for (const { reject } of pending.values())
      reject(new Error(`The floor's Python ended: ${code ?? signal}.`));
  });

  return {
    call(name: string, args: readonly unknown[]): Promise<unknown> {
      const envelope = JSON.stringify([name, args]);
      // At most three bytes for a UTF-16 unit.
      if (filled > 0 && filled + HEADER_BYTES + envelope.length * 3 > batch.length) flush();
      if (filled === 0) setImmediate(() => filled > 0 && flush());
      const bytes = batch.write(envelope, filled + HEADER_BYTES);
      batch.writeUInt32LE(bytes, filled);
      batch[filled + 4] = CALL;
      batch.writeUInt32LE(++id, filled + 8);
      filled += HEADER_BYTES + bytes;
      return new Promise((resolve, reject) => pending.set(id, { resolve, reject }));
    },
    async close(): Promise<void> {
      requests.end();
      await reaped(child);
    },
  };
}
