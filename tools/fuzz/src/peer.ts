import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { writeRequest } from './javascript/requests.js';
import type { Explanation, Verdict } from './judge/verdict.js';

/** How long a batch may take, and one input by itself. Far more than they do; a machine may be busy. Unit: milliseconds. */
const LIMITS = { batchMs: 60_000, inputMs: 20_000 };

/** A peer that is lost this often does not work at all. */
const MOST_LOST = 30;

/** What a peer is made of. */
export interface PeerOptions {
  readonly language: 'javascript' | 'python';
  readonly command: string;
  readonly args: readonly string[];
  /** How long a batch and a single input may take. */
  readonly limits?: typeof LIMITS;
}

interface Answer<T> {
  readonly answers: readonly T[];
  readonly rssBytes: number;
}

/** Something that took the peer with it, or that it never came back from. */
class Lost extends Error {}

/**
 * A process that judges inputs in one language.
 *
 * A process of its own, so that an input that hangs or crashes it is ended and named: the batch is then judged again one by one.
 */
export class Peer {
  readonly language: PeerOptions['language'];
  /** The most memory that the process held. */
  peakRssBytes = 0;

  readonly #options: PeerOptions;
  readonly #limits: typeof LIMITS;
  #child: ChildProcess | undefined;
  #waiting: { readonly resolve: (line: string) => void; readonly reject: (error: Error) => void } | undefined;
  #stderr = '';
  #lost = 0;

  constructor(options: PeerOptions) {
    this.language = options.language;
    this.#options = options;
    this.#limits = options.limits ?? LIMITS;
  }

  /** Judge some inputs; never rejects for what they do to the process. */
  async judge(inputs: readonly Uint8Array[]): Promise<readonly Verdict[]> {
    try {
      return await this.#ask<Verdict>(inputs, false, this.#limits.batchMs);
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
    }
    const verdicts: Verdict[] = [];
    for (const input of inputs) verdicts.push(await this.#judgeAlone(input));
    return verdicts;
  }

  /** What inputs come to, in full. Rejects where they take the process with them. */
  async explain(inputs: readonly Uint8Array[]): Promise<readonly Explanation[]> {
    return this.#ask<Explanation>(inputs, true, this.#limits.batchMs);
  }

  /** End the process and wait for its end. */
  async close(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const exited = new Promise((resolve) => child.once('close', resolve));
    child.stdin!.end();
    child.kill();
    await exited;
  }

  async #judgeAlone(input: Uint8Array): Promise<Verdict> {
    try {
      return (await this.#ask<Verdict>([input], false, this.#limits.inputMs))[0]!;
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      return { error: 'lost', frames: '', parts: [], faults: [error.message], fresh: false };
    }
  }

  async #ask<T>(inputs: readonly Uint8Array[], explain: boolean, limitMs: number): Promise<readonly T[]> {
    const child = (this.#child ??= this.#start());
    const line = new Promise<string>((resolve, reject) => (this.#waiting = { resolve, reject }));
    const timer = setTimeout(() => {
      this.#lose(child, `hang: no answer within ${limitMs / 1000} s`);
      child.kill('SIGKILL');
    }, limitMs);
    child.stdin!.write(writeRequest({ explain, inputs }));
    try {
      const { answers, rssBytes } = JSON.parse(await line) as Answer<T>;
      this.peakRssBytes = Math.max(this.peakRssBytes, rssBytes);
      return answers;
    } finally {
      clearTimeout(timer);
    }
  }

  #start(): ChildProcess {
    const { command, args } = this.#options;
    // In a group of its own, so that Ctrl-C ends the run and not the peer under it; the end of stdin ends the peer.
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    this.#stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (this.#stderr = (this.#stderr + String(chunk)).slice(-4000)));
    // A process that died tells so by its exit; the pipe's own error says less.
    child.stdin.on('error', () => undefined);
    child.on('error', (error) => this.#lose(child, `the peer did not start: ${error.message}`));
    child.on('close', (code, signal) =>
      this.#lose(child, `crash: the process ended with ${signal ?? `exit code ${code}`}\n${this.#stderr}`),
    );
    createInterface({ input: child.stdout }).on('line', (line) => this.#waiting?.resolve(line));
    return child;
  }

  #lose(child: ChildProcess, why: string): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    const isBroken = ++this.#lost > MOST_LOST;
    this.#waiting?.reject(
      isBroken ? new Error(`the ${this.language} peer is lost again and again: ${why}`) : new Lost(why),
    );
  }
}
