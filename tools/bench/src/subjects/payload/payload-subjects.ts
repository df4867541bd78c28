import { spawn } from 'node:child_process';
import type { Duplex, Writable } from 'node:stream';
import { createPythonPool, release } from 'pypool';

import { programFile, PYTHON } from '../../machine/python.js';
import { reaped } from '../child.js';
import type { Subject } from '../subject.js';
import { timedEchoes } from './payload.js';

const HEADER_BYTES = 8;

/** How an array may travel. `released`: through shared memory, each result given back once it has been looked at. */
export type PayloadRoute = 'socket' | 'shared memory' | 'released' | 'JSON numbers';

/** What one worker of pypool echoes. */
export function payloadPypool(bytes: number, as: PayloadRoute): Subject {
  return {
    name: `pypool, ${as}`,
    async start() {
      const pool = await createPythonPool({
        module: programFile('payload_echo.py'),
        python: PYTHON,
        size: 1,
        overflow: 0,
        sharedMemory: as === 'shared memory' || as === 'released',
      });
      const echo = async (values: Float64Array): Promise<Float64Array> =>
        as !== 'JSON numbers'
          ? await pool.call<Float64Array>('echo', [values])
          : Float64Array.from(await pool.call<number[]>('echo_numbers', [Array.from(values)]));
      const onDone = as === 'released' ? release : undefined;
      return { calls: timedEchoes(echo, bytes, onDone), close: () => pool.close({ timeoutMs: 3_000 }) };
    },
  };
}

/** The least that a copy through a socket can cost: a length and the bytes, each side receiving into memory that it has already. */
export function payloadFloor(bytes: number, name = 'raw socket'): Subject {
  return {
    name,
    async start() {
      const child = spawn(PYTHON, ['-u', programFile('payload_floor.py')], {
        stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'pipe'],
      });
      const requests = child.stdio[3] as Writable;
      const replies = child.stdio[4] as Duplex;
      const header = Buffer.alloc(HEADER_BYTES);
      header.writeBigUInt64LE(BigInt(bytes));
      // Two in turn, since a result is looked at after the next call.
      const targets = [0, 1].map(() => Buffer.allocUnsafeSlow(HEADER_BYTES + bytes).fill(0));
      let call = 0;
      let filled = 0;
      let settle: (() => void) | undefined;
      let fail: ((error: Error) => void) | undefined;
      replies.on('data', (chunk: Buffer) => {
        chunk.copy(targets[call % 2]!, filled);
        filled += chunk.length;
        if (filled === HEADER_BYTES + bytes) settle!();
      });
      child.once('exit', (code, signal) => fail?.(new Error(`The floor's Python ended: ${code ?? signal}.`)));
      const echo = async (values: Float64Array): Promise<Float64Array> => {
        call += 1;
        filled = 0;
        requests.cork();
        requests.write(header);
        requests.write(new Uint8Array(values.buffer));
        requests.uncork();
        await new Promise<void>((resolve, reject) => {
          settle = resolve;
          fail = reject;
        });
        return new Float64Array(targets[call % 2]!.buffer, HEADER_BYTES);
      };
      return {
        calls: timedEchoes(echo, bytes),
        async close() {
          requests.end();
          await reaped(child);
        },
      };
    },
  };
}

/** One copy from memory to memory within Node. */
export function payloadMemcpy(bytes: number): Subject {
  return {
    name: 'memcpy',
    async start() {
      const targets = [0, 1].map(() => new Float64Array(bytes / 8).fill(1));
      let call = 0;
      const echo = async (values: Float64Array): Promise<Float64Array> => {
        const target = targets[call++ % 2]!;
        target.set(values);
        return target;
      };
      return { calls: timedEchoes(echo, bytes), close: () => Promise.resolve() };
    },
  };
}
