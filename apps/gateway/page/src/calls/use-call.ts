import { useEffect, useRef, useState } from 'preact/hooks';
import { asProblem, type Problem } from '../connect/request.js';
import { serverNow } from '../look/ticking.js';
import { makeCall, type Answer, type WantedCall } from './make-call.js';

/** Items kept of a stream: the latest ones. */
const MOST_ITEMS = 200;

/** Items that come within this long are shown together. */
const TOGETHER_MS = 80;

/** The call that was made last. */
export interface MadeCall {
  readonly name: string;
  readonly kind: 'call' | 'stream';
  readonly state: 'running' | 'done' | 'failed' | 'stopped';
  /** In the server's time. */
  readonly startedAt: number;
  readonly tookMs: number | undefined;
  /** Items of a stream so far, and the last of them. */
  readonly itemCount: number;
  readonly answers: readonly Answer[];
  readonly problem: Problem | undefined;
}

export interface Caller {
  readonly made: MadeCall | undefined;
  readonly call: (wanted: WantedCall) => void;
  /** Leave the call: Python cancels it. */
  readonly stop: () => void;
}

/** One call at a time, and what has come of it so far. */
export function useCall(): Caller {
  const [made, setMade] = useState<MadeCall>();
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);

  async function run(wanted: WantedCall, controller: AbortController): Promise<void> {
    const { name, kind } = wanted.target;
    const startedAt = serverNow();
    const started = performance.now();
    const answers: Answer[] = [];
    let itemCount = 0;
    const show = (rest: Partial<MadeCall> & Pick<MadeCall, 'state'>): void =>
      setMade({
        name,
        kind,
        startedAt,
        tookMs: undefined,
        problem: undefined,
        itemCount,
        answers: [...answers],
        ...rest,
      });
    const end = (rest: Partial<MadeCall> & Pick<MadeCall, 'state'>): void =>
      show({ tookMs: performance.now() - started, ...rest });

    show({ state: 'running' });
    let pending: ReturnType<typeof setTimeout> | undefined;
    try {
      for await (const answer of makeCall(wanted, controller.signal)) {
        if (answer.kind === 'item') itemCount += 1;
        answers.push(answer);
        if (answers.length > MOST_ITEMS) answers.shift();
        pending ??= setTimeout(() => {
          pending = undefined;
          show({ state: 'running' });
        }, TOGETHER_MS);
      }
      end({ state: 'done' });
    } catch (error) {
      if (controller.signal.aborted) end({ state: 'stopped' });
      else end({ state: 'failed', problem: asProblem(error) });
    } finally {
      clearTimeout(pending);
    }
  }

  return {
    made,
    call(wanted) {
      running.current?.abort();
      running.current = new AbortController();
      void run(wanted, running.current);
    },
    stop: () => running.current?.abort(),
  };
}
