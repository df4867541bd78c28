import type { Clock, PoolWorker, WorkerExit, WorkerFactory, WorkerRequest } from '@pypool/pool';
import {
  createError,
  isPypoolError,
  PythonError,
  type OutgoingCall,
  type PypoolError,
  type WorkerDump,
} from '@pypool/protocol';

/** A handler in TypeScript. What it returns or yields is the result; what it throws is the error: see {@link fakePool}. */
export type FakeHandler = (...args: never[]) => unknown;

/** Workers that run handlers of TypeScript in this process, one call at a time each, as a Python worker does. */
export function fakeWorkers(handlers: Readonly<Record<string, FakeHandler>>, clock: Clock): WorkerFactory {
  return {
    async start(request, observer) {
      return new FakeWorker(request, handlers, clock, (exit) => observer.onExit(exit));
    },
    async close() {},
  };
}

/** What keeps a call from going on. */
interface Running {
  readonly call: OutgoingCall;
  readonly id: number;
  readonly since: number;
  endedBy: PypoolError | undefined;
  left: boolean;
  credit: number;
  /** Wakes a producer that waits for credit. */
  wake: () => void;
  /** Of what it may take in all, and for its next item. */
  readonly timers: { execution?: Timer; item?: Timer };
}

type Timer = ReturnType<Clock['after']>;

class FakeWorker implements PoolWorker {
  readonly concurrency = 1;
  readonly facts = { pid: process.pid, fake: true };
  readonly #handlers: Readonly<Record<string, FakeHandler>>;
  readonly #clock: Clock;
  readonly #onExit: (exit: WorkerExit) => void;
  readonly #running = new Map<OutgoingCall, Running>();
  readonly #id: string;
  #exit: Promise<WorkerExit> | undefined;
  #calls = 0;

  constructor(
    { workerId }: WorkerRequest,
    handlers: Readonly<Record<string, FakeHandler>>,
    clock: Clock,
    onExit: (exit: WorkerExit) => void,
  ) {
    this.#clock = clock;
    this.#id = workerId;
    this.#handlers = handlers;
    this.#onExit = onExit;
  }

  run(call: OutgoingCall): void {
    const running: Running = {
      call,
      id: ++this.#calls,
      since: Date.now(),
      endedBy: undefined,
      left: false,
      credit: call.credit,
      wake: () => undefined,
      timers: {},
    };
    this.#running.set(call, running);
    this.#limit(running, 'execution');
    call.onStart();
    void this.#serve(running);
  }

  cancel(call: OutgoingCall, error: PypoolError): void {
    const running = this.#running.get(call);
    if (running === undefined) return;
    running.endedBy = error;
    this.#answer(running, () => call.onError(error));
    running.wake();
  }

  leave(call: OutgoingCall): void {
    const running = this.#running.get(call);
    if (running === undefined) return;
    running.left = true;
    running.wake();
  }

  grant(call: OutgoingCall, items: number): void {
    const running = this.#running.get(call);
    if (running === undefined) return;
    if (running.credit === 0) this.#limit(running, 'item');
    running.credit += items;
    running.wake();
  }

  /** The calls that run. Of handlers of TypeScript nobody can tell where they are. */
  dump(): Promise<WorkerDump> {
    const calls = [...this.#running.values()].map(({ id, since, call: { kind, name } }) => ({
      id,
      kind,
      name,
      since,
      frames: [],
    }));
    const { pid } = this.facts;
    return Promise.resolve({
      workerId: this.#id,
      pid,
      how: 'asked',
      takenAt: Date.now(),
      calls,
      threads: [],
      tasks: undefined,
    });
  }

  close(): Promise<WorkerExit> {
    return this.#end('closed');
  }

  kill(reason?: PypoolError): Promise<WorkerExit> {
    const error =
      reason ??
      createError({ code: 'worker-exited', message: 'The fake worker was ended.', outcome: 'unknown' });
    for (const { call } of [...this.#running.values()]) this.cancel(call, error);
    return this.#end('killed');
  }

  #end(reason: WorkerExit['reason']): Promise<WorkerExit> {
    this.#exit ??= Promise.resolve().then(() => {
      const exit: WorkerExit = { reason, exitCode: 0, signal: undefined, error: undefined };
      this.#onExit(exit);
      return exit;
    });
    return this.#exit;
  }

  async #serve(running: Running): Promise<void> {
    const { call } = running;
    try {
      const handler = Object.hasOwn(this.#handlers, call.name) ? this.#handlers[call.name] : undefined;
      if (handler === undefined) throw unknownFunction(call.name, Object.keys(this.#handlers));
      const made = handler(...(positional(call.args) as never[]));
      if (call.kind === 'stream') await this.#produce(running, made);
      const result = call.kind === 'stream' ? undefined : await made;
      this.#answer(running, () => call.onResult(result));
    } catch (error) {
      this.#answer(running, () => call.onError(asPythonError(error)));
    }
  }

  /** Send items against credit; leaving the loop ends the generator, as in Python. */
  async #produce(running: Running, made: unknown): Promise<void> {
    this.#limit(running, 'item');
    for await (const item of made as AsyncIterable<unknown>) {
      running.timers.item?.cancel();
      while (running.credit === 0 && !running.left && running.endedBy === undefined) {
        await new Promise<void>((resolve) => (running.wake = resolve));
      }
      if (running.left || running.endedBy !== undefined) return;
      running.timers.item?.cancel();
      running.credit -= 1;
      running.call.onItem(item);
      // What has no credit waits for its consumer, and not the other way round.
      if (running.credit > 0) this.#limit(running, 'item');
    }
  }

  /** From now on a call may take so long, or its next item. */
  #limit(running: Running, what: 'execution' | 'item'): void {
    const { call, timers } = running;
    const budgetMs = what === 'execution' ? call.executionTimeoutMs : call.itemTimeoutMs;
    if (budgetMs === Infinity || !this.#running.has(call)) return;
    timers[what]?.cancel();
    timers[what] = this.#clock.after(budgetMs, () => this.cancel(call, tookTooLong(what, call, budgetMs)));
  }

  /** Answer once. */
  #answer({ call, timers }: Running, tell: () => void): void {
    if (!this.#running.delete(call)) return;
    timers.execution?.cancel();
    timers.item?.cancel();
    tell();
  }
}

/** As Python would bind them; keywords arrive as one object, for TypeScript has none. */
function positional(args: unknown): readonly unknown[] {
  if (args === undefined) return [];
  if (Array.isArray(args)) return args as readonly unknown[];
  const both = args as { args?: unknown; kwargs?: unknown };
  return Array.isArray(both.args) && both.kwargs !== undefined
    ? [...(both.args as readonly unknown[]), both.kwargs]
    : [args];
}

function tookTooLong(what: 'execution' | 'item', { name }: OutgoingCall, budgetMs: number): PypoolError {
  const missing = what === 'execution' ? 'result' : 'further item';
  return createError({
    code: `${what}-timeout`,
    message: `${name} had no ${missing} after ${budgetMs} ms on a fake worker.`,
    outcome: 'unknown',
    context: { function: name, budgetMs },
  });
}

function unknownFunction(name: string, names: readonly string[]): PypoolError {
  return createError({
    code: 'unknown-function',
    message: `No function named '${name}' is faked; there are ${names.map((known) => `'${known}'`).join(', ') || 'none'}.`,
    context: { name },
  });
}

/** What a handler throws is a Python exception to the caller: its name the type, or whatever error of pypool it is. */
function asPythonError(error: unknown): PypoolError {
  if (isPypoolError(error)) return error;
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  return new PythonError({
    code: 'python-error',
    outcome: 'finished',
    message: `${name}: ${message}`,
    pythonType: name,
    pythonModule: 'builtins',
    args: [message],
    traceback: stack ?? '',
    cause: error,
  });
}
