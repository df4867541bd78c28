import type { Duplex } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { WelcomeModule } from '@pypool/protocol';
import type { ProcessUsage } from '../launcher/contract.js';
import type { FoundHazard } from './fork-hazards.js';

/** What Node tells a fork server; `python/pypool/fork_server.py` says what each means. */
export type ForkServerOrder =
  | {
      readonly type: 'import';
      readonly modules: readonly WelcomeModule[];
      readonly preload: readonly string[];
      readonly tolerate: readonly string[];
      readonly parentDeathSignal: boolean;
    }
  | ({ readonly type: 'fork'; readonly id: number } & WorkerToBe)
  | ({ readonly type: 'become' } & WorkerToBe)
  | { readonly type: 'opened' | 'reap'; readonly pid: number };

/** How a worker reaches Node, and the whole environment that it has. */
export interface WorkerToBe {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** What a fork server tells Node. */
export type ForkServerReport =
  | { readonly type: 'hello'; readonly python: string }
  | ImportReport
  | ForkReport
  | {
      readonly type: 'exited';
      readonly pid: number;
      readonly exitCode: number | null;
      readonly signal: string | null;
    }
  | ({ readonly type: 'reaped'; readonly pid: number } & ProcessUsage);

/** What the import came to. */
export interface ImportReport {
  readonly type: 'imported';
  /** It raised; each worker that is forked tells what. */
  readonly failed: boolean;
  readonly hazards: readonly FoundHazard[];
}

/** What a fork came to. */
export type ForkReport =
  | {
      readonly type: 'forked';
      readonly id: number;
      readonly pid: number;
      readonly stdout: number;
      readonly stderr: number;
    }
  | { readonly type: 'refused'; readonly id: number; readonly hazards: readonly FoundHazard[] }
  | { readonly type: 'failed'; readonly id: number; readonly message: string };

/** The lines between Node and a fork server. Both are of one version, so their shape is not checked. */
export class ForkServerLink {
  readonly #socket: Duplex;

  /** @param onBroken - a line was none of the fork server's: user code has written to its descriptor */
  constructor(socket: Duplex, onReport: (report: ForkServerReport) => void, onBroken: () => void) {
    this.#socket = socket;
    const decoder = new StringDecoder('utf8');
    let partial = '';
    socket.on('data', (chunk: Buffer) => {
      const lines = (partial + decoder.write(chunk)).split('\n');
      partial = lines.pop() ?? '';
      for (const line of lines) {
        const report = parsed(line);
        if (report === undefined) return onBroken();
        onReport(report);
      }
    });
    // EPIPE and the like: its exit is what counts.
    socket.on('error', () => undefined);
  }

  send(order: ForkServerOrder): void {
    this.#socket.write(`${JSON.stringify(order)}\n`);
  }

  /** The fork server ends all workers that it has, and itself. */
  close(): void {
    this.#socket.destroy();
  }
}

function parsed(line: string): ForkServerReport | undefined {
  try {
    return (JSON.parse(line) as ForkServerReport | null) ?? undefined;
  } catch {
    return undefined; // whoever asked is told
  }
}
