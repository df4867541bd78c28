import type { DumpedThread, PythonFrame } from '@pypool/protocol';

/** The runtime's modules that call user code. */
const ENGINE = /[/\\]pypool[/\\]engine_\w+\.py$/;
const RUNTIME = /[/\\]pypool[/\\]\w+\.py$/;

/** As many frames as faulthandler writes of a thread. */
const MAX_FRAMES = 100;

/**
 * Where a call is, by stacks that say nothing of calls: the frames of user code, without those of the runtime that led there.
 *
 * @returns empty where no thread runs user code, or several do
 */
export function ownFramesOf(threads: readonly DumpedThread[]): readonly PythonFrame[] {
  const stacks = threads.map(({ frames }) => ownFrames(frames)).filter((frames) => frames.length > 0);
  return stacks.length === 1 ? stacks[0]! : [];
}

function ownFrames(frames: readonly PythonFrame[]): readonly PythonFrame[] {
  const engine = frames.findIndex(({ file }) => ENGINE.test(file));
  // So deep, it is user code all the way: what led there was left out.
  const end = engine === -1 && frames.length >= MAX_FRAMES ? frames.length : Math.max(0, engine);
  const own = frames.slice(0, end);
  while (own.length > 0 && RUNTIME.test(own.at(-1)!.file)) own.pop();
  return own;
}
