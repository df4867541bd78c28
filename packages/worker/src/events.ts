import { EventEmitter } from 'node:events';
import { checkListener, throwLater } from '@pypool/protocol';
import type { PypoolError } from '@pypool/protocol';
import type { OutputLine } from './output/line-builder.js';
import type { LogEvent } from './output/log-event.js';

/** A line that a worker printed on stdout or stderr, and the call that it was printed for. */
export interface OutputEvent extends OutputLine {
  readonly workerId: string;
  readonly stream: 'stdout' | 'stderr';
}

/** What Python workers tell whoever listens. */
export interface WorkerEvents {
  /** A line of stdout or stderr. While nobody listens to this or `log`, it goes to this process's stderr with a prefix. */
  readonly output: OutputEvent;
  /**
   * A record of Python's `logging`, a warning, or a line of stdout or stderr. While nobody listens, records and warnings that no handler in Python
   * took go to this process's stderr with a prefix.
   */
  readonly log: LogEvent;
  /** An exception ended a thread that a handler had started; the worker lives on. */
  readonly 'thread-exception': { readonly workerId: string; readonly error: PypoolError };
  /** The runtime has advice. It comes once, from the first worker that has some; advice from before anybody listened comes to the first that do. */
  readonly suggestion: { readonly workerId: string; readonly message: string };
  /** A worker did not answer a heartbeat: C code holds its interpreter, or its process is stopped. What comes of it is said by `unresponsiveTimeoutMs`. */
  readonly 'worker-suspect': {
    readonly workerId: string;
    readonly silentMs: number;
    /** Its process is stopped, by `SIGSTOP` or a debugger. */
    readonly stopped: boolean;
  };
  /** A suspected worker answered. */
  readonly 'worker-recovered': { readonly workerId: string };
  /** With `sharedMemory`: it can share no (more) memory, and why. Large buffers go through its channel. At most once for each worker. */
  readonly 'shared-memory-refused': { readonly workerId: string; readonly reason: string };
  /** The guardian ended, which nobody but the machine or its administrator does. Until there is another, workers are left to their second net. */
  readonly 'guardian-lost': {
    readonly message: string;
    /** Whether another one is started at once; otherwise the next start of a worker tries. */
    readonly replaced: boolean;
  };
  /**
   * The launcher cannot work as it should, and each worker is started by itself: what stands against forking, and what to do about it. What came before
   * anybody listened comes to the first that do.
   */
  readonly 'launcher-fallback': {
    readonly message: string;
    /** `'native-threads'`, `'python-threads'`, `'event-loop'`, `'socket'`, `'cuda'`, `'platform'`, `'proc'`, `'other-user'`. */
    readonly reasons: readonly string[];
  };
  /** The fork server ended, which nobody but the machine or its administrator does. Its workers end with it; the next start makes another. */
  readonly 'fork-server-lost': {
    readonly message: string;
    /** How many workers end with it. */
    readonly workers: number;
  };
}

const NAMES: Readonly<Record<keyof WorkerEvents, true>> = {
  output: true,
  log: true,
  'thread-exception': true,
  suggestion: true,
  'worker-suspect': true,
  'worker-recovered': true,
  'shared-memory-refused': true,
  'guardian-lost': true,
  'launcher-fallback': true,
  'fork-server-lost': true,
};
const EVENT_NAMES = Object.keys(NAMES);

/** Where workers' events go. A listener that throws makes an uncaught exception, and disturbs nobody else. */
export class WorkerEventHub {
  readonly #emitter = new EventEmitter().setMaxListeners(0);

  on<Name extends keyof WorkerEvents>(name: Name, listener: (event: WorkerEvents[Name]) => void): void {
    checkListener(name, listener, EVENT_NAMES);
    this.#emitter.on(name, listener);
  }

  off<Name extends keyof WorkerEvents>(name: Name, listener: (event: WorkerEvents[Name]) => void): void {
    this.#emitter.off(name, listener);
  }

  /** Whether it is worth making an event. */
  heard(name: keyof WorkerEvents): boolean {
    return this.#emitter.listenerCount(name) > 0;
  }

  emit<Name extends keyof WorkerEvents>(name: Name, event: WorkerEvents[Name]): void {
    for (const listener of this.#emitter.rawListeners(name)) {
      try {
        (listener as (event: WorkerEvents[Name]) => void)(event);
      } catch (error) {
        throwLater(error);
      }
    }
  }
}
