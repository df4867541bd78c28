import { PassThrough } from 'node:stream';
import { createMemoryTransport, type RuntimeSide } from '@pypool/transport';
import {
  encodeMessage,
  FrameType,
  type Dumped,
  type ExposedFunction,
  type Frame,
  type Hello,
} from '@pypool/protocol';
import type { LaunchedWorker, ProcessExit } from '../launcher/contract.js';

/** What the fake says of itself in HELLO. */
export const HELLO: Hello = {
  protocol: [1, 1],
  runtime: '0.1.0',
  python: '3.11.7',
  implementation: 'cpython',
  pid: 4711,
  codecs: ['json'],
  capabilities: ['stream', 'interrupt'],
};

/** What the fake says of a function in READY, where that is not the usual. */
export type FakeFunction = Partial<ExposedFunction> & Pick<ExposedFunction, 'name'>;

/** A process in memory, and the runtime in it, for tests of whoever looks after one: it says and does what it is told, when it is told. */
export class FakeProcess {
  /** CALL frames, in order. */
  readonly requests: Frame[] = [];
  /** Control messages, in order. */
  readonly control: Frame[] = [];
  readonly signals: string[] = [];
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly runtime: RuntimeSide;
  readonly launched: LaunchedWorker;
  requestsEnded = false;
  /** In a system call that not even SIGKILL ends. */
  unkillable = false;
  /** A child that left the group holds replies and output open. */
  haunted = false;
  #exit!: (exit: ProcessExit) => void;

  private constructor(runtime: RuntimeSide, connection: LaunchedWorker['connection']) {
    this.runtime = runtime;
    const onEnd = (): void => undefined;
    runtime.listen({
      requests: { onFrame: (frame) => this.requests.push(frame), onEnd: () => (this.requestsEnded = true) },
      control: { onFrame: (frame) => this.control.push(frame), onEnd },
    });
    this.launched = {
      pid: HELLO.pid,
      connection,
      stdout: this.stdout,
      stderr: this.stderr,
      exited: new Promise((resolve) => (this.#exit = resolve)),
      signalAlone: (signal) => this.signals.push(`${signal} alone`),
      signal: (signal) => {
        this.signals.push(signal);
        // Python makes an exception of SIGINT, or nothing.
        if (signal !== 'SIGINT' && !this.unkillable) this.die({ exitCode: undefined, signal });
      },
    };
  }

  static async start(): Promise<FakeProcess> {
    let runtime!: RuntimeSide;
    const { signal } = new AbortController();
    const offer = await createMemoryTransport({ onRuntime: (side) => (runtime = side) }).offer(signal);
    const connection = await offer.accept([], signal);
    return new FakeProcess(runtime, connection);
  }

  hello(facts: Partial<Hello> = {}): void {
    this.runtime.control.send(encodeMessage(FrameType.HELLO, { ...HELLO, ...facts }));
  }

  ready(functions: readonly FakeFunction[] = []): void {
    const facts = {
      stream: false,
      async: false,
      idempotent: false,
      timeoutSeconds: null,
      concurrency: null,
      cancel: 'interrupt' as const,
    };
    const said = functions.map((told) => ({ ...facts, ...told }));
    this.runtime.control.send(encodeMessage(FrameType.READY, { functions: said }));
  }

  startFailed(message: string, traceback: string, facts: Readonly<Record<string, unknown>> = {}): void {
    const error = { kind: 'python', message, type: 'ImportError', module: 'builtins', traceback, ...facts };
    this.runtime.control.send({ ...NO_CALL, type: FrameType.START_FAILED, envelope: JSON.stringify(error) });
  }

  /** Answer a REVOKE. */
  revoked(...ids: readonly number[]): void {
    this.runtime.control.send(encodeMessage(FrameType.REVOKED, { ids }));
  }

  /** Answer a DUMP; of its threads and tasks nothing is told. */
  dumped(n: number, calls: Dumped['calls']): void {
    this.runtime.control.send(encodeMessage(FrameType.DUMPED, { n, threads: [], tasks: null, calls }));
  }

  result(callId: number, value: unknown, tagged = false, buffers: readonly Uint8Array[] = []): void {
    this.runtime.replies.send({
      ...NO_CALL,
      type: FrameType.RESULT,
      callId,
      tagged,
      envelope: JSON.stringify(value),
      buffers,
    });
  }

  error(callId: number, error: Readonly<Record<string, unknown>>): void {
    this.runtime.replies.send({ ...NO_CALL, type: FrameType.ERROR, callId, envelope: JSON.stringify(error) });
  }

  items(callId: number, items: readonly unknown[], tagged = false): void {
    this.runtime.replies.send({
      ...NO_CALL,
      type: FrameType.ITEM,
      callId,
      tagged,
      envelope: JSON.stringify(items),
    });
  }

  /** End, as the kernel would: what was sent is read, then the end; and the exit may be known before any of it. */
  die(exit: ProcessExit): void {
    this.#exit(exit);
    if (this.haunted) return;
    this.runtime.replies.end();
    this.runtime.control.end();
    this.stdout.end();
    this.stderr.end();
  }
}

const NO_CALL = { tagged: false, callId: 0, buffers: [] };
