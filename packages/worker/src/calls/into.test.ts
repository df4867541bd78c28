import { FrameType, type Frame } from '@pypool/protocol';
import { expect, it } from 'vitest';
import { partOf, readInto } from './into.js';

function frameOf(type: number, ...buffers: Uint8Array[]): Frame {
  return { type, tagged: true, callId: 1, envelope: '[0]', buffers };
}

it('takes the beginning of what a caller gives, where an array of any type may begin', () => {
  const memory = new ArrayBuffer(64);
  const part = partOf(new Float64Array(memory, 8), 16);
  expect([part?.buffer === memory, part?.byteOffset, part?.byteLength]).toEqual([true, 8, 16]);
  expect(partOf(new DataView(memory, 4), 16)).toBeUndefined();
  expect(partOf(new Uint8Array(memory), 65)).toBeUndefined();
  expect(partOf(undefined, 0)).toBeUndefined();
});

it('puts the first bytes of a result there, and nothing else', () => {
  const into = new Float64Array(2);
  const [first, second] = [new Uint8Array(16).fill(7), new Uint8Array(8).fill(8)];
  const { buffers } = readInto(frameOf(FrameType.RESULT, first, second), into);
  expect(buffers.map(({ buffer }) => buffer === into.buffer)).toEqual([true, false]);
  expect(new Uint8Array(into.buffer)).toEqual(first);
  const others = [
    frameOf(FrameType.ITEM, first),
    frameOf(FrameType.RESULT, new Uint8Array(0), first),
    frameOf(FrameType.RESULT, new Uint8Array(17)),
  ];
  for (const frame of others) expect(readInto(frame, into)).toBe(frame);
  expect(readInto(frameOf(FrameType.RESULT, first), undefined).buffers).toEqual([first]);
});

it('copies nothing that lies there already', () => {
  const into = new Uint8Array(16);
  const frame = frameOf(FrameType.RESULT, into.subarray(0, 8));
  expect(readInto(frame, into)).toBe(frame);
});
