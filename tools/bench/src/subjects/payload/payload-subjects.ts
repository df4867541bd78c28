import { spawn } from 'node:child_process';
import type { Duplex, Writable } from 'node:stream';
import { createPythonPool, release, type NdArray } from 'pypool';

import { programFile } from '../../machine/python.js';
import { reaped } from '../child.js';
import type { RunningSubject, Subject } from '../subject.js';
import { echoesOf, type Echo, type Echoes } from './payload.js';

const HEADER_BYTES = 8;

/** How an array may travel. `into`: through shared memory, into one of two arrays by turns; `released`: likewise, each result given back once it has been looked at. */
export type PayloadRoute = 'socket' | 'shared memory' | 'into' | 'released' | 'JSON numbers';

/** A subject that can tell, while it is up, how long it keeps the event loop. */
export interface PayloadSubject extends Subject {
  /** {@link Echoes.longestTurns}; nothing where it is not up. */
  longestTurns(count: number): Promise<readonly number[]>;
}

/** What one worker of pypool echoes. */
export function payloadPypool(values: Float64Array, as: PayloadRoute, python: string): PayloadSubject {
  return subject(`pypool, ${as}`, async () => {
    const pool = await createPythonPool({
      module: programFile('payload_echo.py'),
      python,
      size: 1,
      overflow: 0,
      sharedMemory: as !== 'socket' && as !== 'JSON numbers',
    });
    // By turns, since a result is looked at after the next call.
    const targets = as === 'into' ? [0, 1].map(() => new Float64Array(values.length).fill(1)) : [];
    let call = 0;
    const echo: Echo =
      as === 'JSON numbers'
        ? async (sent) => Float64Array.from(await pool.call<number[]>('echo_numbers', [Array.from(sent)]))
        : async (sent) =>
            dataOf(await pool.call<Float64Array | NdArray>('echo', [sent], { into: targets[call++ % 2] }));
    const echoes = echoesOf(echo, values, as === 'released' ? release : undefined);
    return {
      echoes: as === 'JSON numbers' ? fewer(echoes) : echoes,
      close: () => pool.close({ timeoutMs: 3_000 }),
    };
  });
}

/** What takes hundreds of times as long need not be made as often. */
function fewer(echoes: Echoes): Echoes {
  return { ...echoes, timed: (count) => echoes.timed(Math.ceil(count / 16)) };
}

/** The least that a copy through a socket can cost: a length and the bytes, each side receiving into memory that it has already. */
export function payloadFloor(values: Float64Array, python: string, name = 'raw socket'): PayloadSubject {
  return subject(name, async () => {
    const child = spawn(python, ['-u', programFile('payload_floor.py')], {
      stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'pipe'],
    });
    const requests = child.stdio[3] as Writable;
    const replies = child.stdio[4] as Duplex;
    const bytes = values.byteLength;
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
    const echo: Echo = async (sent) => {
      call += 1;
      filled = 0;
      requests.cork();
      requests.write(header);
      requests.write(new Uint8Array(sent.buffer));
      requests.uncork();
      await new Promise<void>((resolve, reject) => {
        settle = resolve;
        fail = reject;
      });
      return new Float64Array(targets[call % 2]!.buffer, HEADER_BYTES);
    };
    return {
      echoes: echoesOf(echo, values),
      async close() {
        requests.end();
        await reaped(child);
      },
    };
  });
}

/** One copy from memory to memory within Node. */
export function payloadMemcpy(values: Float64Array): PayloadSubject {
  return subject('memcpy', async () => {
    const targets = [0, 1].map(() => new Float64Array(values.length).fill(1));
    let call = 0;
    const echo: Echo = async (sent) => {
      const target = targets[call++ % 2]!;
      target.set(sent);
      return target;
    };
    return { echoes: echoesOf(echo, values), close: () => Promise.resolve() };
  });
}

interface RunningEchoes {
  readonly echoes: Echoes;
  close(): Promise<void>;
}

function subject(name: string, open: () => Promise<RunningEchoes>): PayloadSubject {
  let echoes: Echoes | undefined;
  return {
    name,
    async start(): Promise<RunningSubject> {
      const running = await open();
      echoes = running.echoes;
      return {
        calls: (count) => running.echoes.timed(count),
        async close() {
          echoes = undefined;
          await running.close();
        },
      };
    },
    longestTurns: async (count) => (await echoes?.longestTurns(count)) ?? [],
  };
}

/** A result of numpy's says its shape, too. */
function dataOf(result: Float64Array | NdArray): Float64Array {
  return (ArrayBuffer.isView(result) ? result : result.data) as Float64Array;
}
