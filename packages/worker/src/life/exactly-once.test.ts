import { createError, createValueCodec, FrameType } from '@pypool/protocol';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { RecordedCall } from '../calls/recorded-call.js';
import { FakeProcess } from './fake-process.js';
import { ProcessWorker } from './process-worker.js';
import { settle, welcomeOf } from './watched-worker.js';

/** Everything that can happen to a worker, honest or not; `at` chooses one of its calls. */
type Happening = { readonly what: (typeof WHATS)[number]; readonly at: number };

const WHATS = [
  'call',
  'call',
  'stream',
  'unencodable',
  'result',
  'result',
  'error',
  'cancelled',
  'item',
  'unreadable',
  'grant',
  'leave',
  'cancel',
  'revoke',
  'revoke',
  'give back',
  'give back',
  'cut',
  'garbage',
  'end of replies',
  'end of control',
  'exit',
  'escape',
  'stuck',
  'kill',
  'close',
  'time',
  'turn',
] as const;

class Story {
  readonly calls: RecordedCall[] = [];
  readonly told: string[] = [];
  readonly #fake: FakeProcess;
  readonly worker: ProcessWorker;

  constructor(fake: FakeProcess, concurrency: number) {
    this.#fake = fake;
    this.worker = new ProcessWorker({
      process: fake.launched,
      interpreter: undefined,
      codec: createValueCodec(),
      maxLineBytes: 100,
      welcome: welcomeOf(concurrency),
      cancelGraces: { interruptMs: 100, sigintMs: 100, sigtermMs: 100, neighboursMs: 200 },
      maxInterrupts: 2,
      observer: {
        onUnavailable: () => this.told.push('unavailable'),
        onExit: () => this.told.push(`exit ${this.calls.filter(({ answers }) => answers !== 1).length}`),
        onOutput: () => undefined,
        onLog: () => undefined,
        onEvent: () => undefined,
        onPong: () => undefined,
        onWorn: () => undefined,
      },
    });
  }

  async begin(): Promise<void> {
    this.#fake.hello({ capabilities: ['stream', 'interrupt', 'revoke'] });
    this.#fake.ready();
    await this.worker.started;
  }

  async happen({ what, at }: Happening): Promise<void> {
    const { worker } = this;
    const fake = this.#fake;
    const call = this.calls[at % Math.max(1, this.calls.length)];
    const id = (at % 3) + 1;
    if (what === 'call') this.#run(new RecordedCall({ executionTimeoutMs: 500 }));
    else if (what === 'stream')
      this.#run(new RecordedCall({ kind: 'stream', credit: 2, itemTimeoutMs: 700 }));
    else if (what === 'unencodable') this.#run(new RecordedCall({ args: [() => 1] }));
    else if (what === 'result') fake.result(id, at);
    else if (what === 'error')
      fake.error(id, { kind: 'python', message: '', type: 'E', module: 'm', args: [] });
    else if (what === 'cancelled') fake.error(id, { kind: 'cancelled', message: '', started: true });
    else if (what === 'item') fake.items(id, [at]);
    else if (what === 'unreadable') fake.result(id, { $: ['type', 'app.T', 1] }, true);
    else if (what === 'grant' && call !== undefined) worker.grant(call, 1);
    else if (what === 'leave' && call !== undefined) worker.leave(call);
    else if (what === 'cancel' && call !== undefined) worker.cancel(call, aborted());
    else if (what === 'revoke') worker.revoke?.(this.calls.slice(-at));
    else if (what === 'give back') fake.revoked(...this.#askedBack(at));
    else if (what === 'cut') fake.runtime.streams.replies.end(Uint8Array.of(1, 2, 3));
    else if (what === 'garbage') fake.runtime.streams.replies.write('?'.repeat(40));
    else if (what === 'end of replies') fake.runtime.replies.end();
    else if (what === 'end of control') fake.runtime.control.end();
    else if (what === 'exit') fake.die({ exitCode: at % 2, signal: undefined });
    else if (what === 'escape') fake.haunted = true;
    else if (what === 'stuck') fake.unkillable = true;
    else if (what === 'kill') void worker.kill();
    else if (what === 'close') void worker.close({ timeoutMs: at * 100 });
    else if (what === 'time') vi.advanceTimersByTime(at * 100);
    else await settle();
  }

  /** Whatever is left comes to its end. */
  async finish(): Promise<void> {
    void this.worker.kill();
    await settle();
    vi.advanceTimersByTime(11_000);
    await settle();
    await this.worker.exited;
  }

  /** Most of what the last REVOKE asked for, or what nobody has asked for. */
  #askedBack(at: number): number[] {
    const last = this.#fake.control.filter(({ type }) => type === FrameType.REVOKE).at(-1);
    const { ids } = JSON.parse(last?.envelope ?? '{"ids":[1]}') as { ids: number[] };
    return ids.filter((id) => id % 5 !== at);
  }

  #run(call: RecordedCall): void {
    this.calls.push(call);
    this.worker.run(call);
  }
}

function aborted(): ReturnType<typeof createError> {
  return createError({ code: 'aborted', message: 'no longer wanted' });
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

it('answers every call exactly once and nothing after it, and ends exactly once, whatever happens in whatever order', async () => {
  const happenings = fc.array(fc.record({ what: fc.constantFrom(...WHATS), at: fc.nat(5) }), {
    maxLength: 25,
  });
  await fc.assert(
    fc.asyncProperty(happenings, fc.integer({ min: 1, max: 3 }), async (story, concurrency) => {
      const told = new Story(await FakeProcess.start(), concurrency);
      await told.begin();
      for (const happening of story) await told.happen(happening);
      await told.finish();
      for (const call of told.calls) {
        expect(call.answers).toBe(1);
        expect(call.told.at(-1)).toMatch(/^(result|error|revoked)/);
        expect(call.told.filter((what) => what === 'start').length).toBeLessThanOrEqual(1);
      }
      expect(told.told.filter((what) => what.startsWith('exit'))).toEqual(['exit 0']);
      expect(told.told.at(-1)).toBe('exit 0');
      expect(told.told.length).toBeLessThanOrEqual(2);
      expect(vi.getTimerCount()).toBe(0);
    }),
    { numRuns: 1_000 },
  );
});
