import type { JSX } from 'preact';
import { useEffect, useReducer } from 'preact/hooks';
import { duration } from './format.js';

/** Who wants less motion gets a step a second. */
const TICK_MS = matchMedia('(prefers-reduced-motion: reduce)').matches ? 1_000 : 200;

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
/** What the server's clock shows above ours. */
let aheadMs = 0;

/** A message may be that old: less between two clocks is no difference, and following it would make times jump. */
const SAME_MS = 1_500;

/** When time stopped, where it has. */
let stoppedAt: number | undefined;

/** Set our clock by the server's, whose moments all that is shown is told in, and let it run. */
export function setServerTime(epochMs: number): void {
  stoppedAt = undefined;
  const seenMs = epochMs - Date.now();
  if (Math.abs(seenMs - aheadMs) > SAME_MS) aheadMs = seenMs;
}

/** Let time stand still: what is shown is of before, and nobody knows whether a call goes on. */
export function stopServerTime(): void {
  stoppedAt ??= serverNow();
}

/** What the server's clock shows, in milliseconds since the Unix epoch. */
export function serverNow(): number {
  return stoppedAt ?? Date.now() + aheadMs;
}

export interface ElapsedProps {
  /** In the server's time. */
  readonly since: number;
  /** Nothing is shown before: of what is looked at once a second, less says only that it was seen. @defaultValue `-Infinity` */
  readonly fromMs?: number;
}

/** How long ago a moment is; goes on by itself between messages, one timer for all of the page and none while it is hidden. */
export function Elapsed({ since, fromMs = -Infinity }: ElapsedProps): JSX.Element {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => listen(() => redraw(undefined)), []);
  const elapsedMs = serverNow() - since;
  return <span class="elapsed">{elapsedMs < fromMs ? '' : duration(elapsedMs)}</span>;
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    if (document.hidden) return;
    for (const each of listeners) each();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}
