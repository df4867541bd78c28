import type { DumpedThread, PythonFrame } from '@pypool/protocol';
import { expect, it } from 'vitest';
import { ownFramesOf } from './own-frames.js';

const at = (file: string, name: string): PythonFrame => ({ file, line: 1, function: name, code: undefined });
const user = at('/app/a.py', 'f');
const engine = at('/opt/runtime/pypool/engine_sync.py', '_answer');
const below = at('/opt/runtime/pypool/runtime.py', 'run');
const thread = (...frames: PythonFrame[]): DumpedThread => ({ id: 1, name: undefined, main: false, frames });

it('finds the one thread that runs user code, and leaves out the runtime below it', () => {
  expect(ownFramesOf([thread(at('/lib/queue.py', 'get')), thread(user, user, engine, below)])).toEqual([
    user,
    user,
  ]);
});

it('leaves out the modules of the runtime between the engine and user code', () => {
  const producer = at('/opt/runtime/pypool/stream_producer.py', 'produce');
  expect(ownFramesOf([thread(user, producer, engine, below)])).toEqual([user]);
});

it('names nobody where none runs user code, or several do', () => {
  expect(ownFramesOf([thread(at('/opt/runtime/pypool/frame_reader.py', 'read'), engine, below)])).toEqual([]);
  expect(ownFramesOf([thread(user, engine), thread(user, engine)])).toEqual([]);
});

it('takes a stack that is too deep to show what led there for user code', () => {
  const deep = Array.from({ length: 100 }, () => user);
  expect(ownFramesOf([thread(...deep)])).toEqual(deep);
});
