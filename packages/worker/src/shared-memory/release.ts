import { types } from 'node:util';
import { createError, type NdArray } from '@pypool/protocol';
import { homeOf } from './result-memory.js';

/**
 * Give the memory of a result back once you are done with it, so that a later one of the same size is read into it: with `sharedMemory`, fresh
 * memory costs more than half the time of a large result. Nothing has to be given back; what is not is garbage like any other.
 *
 * The array is empty from then on, and so is every other view of its memory: what a later result holds shows nowhere else. A call that it is an
 * argument of has to be settled before, as before any change.
 *
 * @param result - bytes or an array that a call returned, or an item of a stream; its `buffer` will do.
 * @returns whether it was given back: `false` for what came through a channel, small or not, and for what was given back or transferred before.
 * @throws PypoolError `invalid-arguments` where it is no such thing.
 */
export function release(result: ArrayBufferView | ArrayBufferLike | NdArray): boolean {
  const buffer = bufferOf(result);
  if (buffer === undefined) {
    throw createError({
      code: 'invalid-arguments',
      message: `release() takes bytes or an array that a call returned, one at a time, not ${describe(result)}.`,
    });
  }
  // A buffer that is detached already has no bytes; nothing that was taken ever had none.
  const home = buffer.byteLength === 0 ? undefined : homeOf(buffer);
  home?.give(buffer as ArrayBuffer);
  return home !== undefined;
}

function bufferOf(result: unknown): ArrayBufferLike | undefined {
  if (ArrayBuffer.isView(result)) return result.buffer;
  if (types.isAnyArrayBuffer(result)) return result;
  const data = typeof result === 'object' && result !== null && 'data' in result ? result.data : undefined;
  return ArrayBuffer.isView(data) ? data.buffer : undefined;
}

function describe(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`;
}
