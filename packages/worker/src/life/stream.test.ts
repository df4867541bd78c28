import { FrameType } from '@pypool/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RecordedCall } from '../calls/recorded-call.js';
import { CANCELLED, ready, settle } from './watched-worker.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a stream', () => {
  const stream = (facts: { itemTimeoutMs?: number; creditBytes?: number } = {}): RecordedCall =>
    new RecordedCall({ kind: 'stream', credit: 2, ...facts });

  it('travels with its credit and tells its items and its end', async () => {
    const { fake, worker } = await ready();
    const call = stream();
    worker.run(call);
    await settle();
    expect(fake.requests[0]?.envelope).toBe('["f",null,null,{"credit":2}]');
    fake.items(1, ['a', 'b']);
    await settle();
    worker.grant(call, 1);
    await settle();
    expect(fake.control.at(-1)).toMatchObject({ type: FrameType.CREDIT, callId: 1, envelope: '{"n":1}' });
    fake.items(1, ['c']);
    fake.result(1, null);
    await settle();
    expect(call.told).toEqual(['start', 'item "a"', 'item "b"', 'item "c"', 'result undefined']);
  });

  it('has credit in bytes, too, which its items take as their frames weigh', async () => {
    const { fake, worker } = await ready();
    const call = stream({ creditBytes: 9, itemTimeoutMs: 100 });
    worker.run(call);
    await settle();
    expect(fake.requests[0]?.envelope).toBe('["f",null,null,{"credit":2,"creditBytes":9}]');
    const [text, together] = ['["é","b"]', '["c"]'].map((each) => Buffer.byteLength(each));
    fake.items(1, ['é', 'b']);
    await settle();
    expect(call.bytes).toBe(text);
    worker.grant(call, 2, text);
    await settle();
    expect(fake.control.at(-1)).toMatchObject({ type: FrameType.CREDIT, envelope: '{"n":2,"bytes":10}' });
    fake.items(1, ['c']);
    await settle();
    expect(call.bytes).toBe(text! + together!);
    fake.items(1, ['d']);
    await settle();
    vi.advanceTimersByTime(10_000);
    await settle();
    // It has credit for no item more, and would be late if it had.
    expect(call.answers).toBe(0);
    fake.result(1, null);
    await settle();
    expect(call.told.at(-1)).toBe('result undefined');
  });

  it('that is left is told so, and answers when it has ended', async () => {
    const { fake, worker } = await ready();
    const call = stream();
    worker.run(call);
    worker.leave(call);
    await settle();
    expect(fake.control.at(-1)).toMatchObject({ type: FrameType.CANCEL, envelope: '{"mode":"leave"}' });
    expect(call.answers).toBe(0);
    fake.result(1, null);
    await settle();
    expect(call.answers).toBe(1);
    const told = fake.control.length;
    worker.leave(call);
    worker.grant(call, 1);
    await settle();
    expect(fake.control).toHaveLength(told);
  });

  it('fails alone where an item holds a type that this side does not know; it is left, and its rest is dropped', async () => {
    const { fake, worker } = await ready();
    const [broken, good] = [stream(), new RecordedCall()];
    worker.run(broken);
    worker.run(good);
    fake.items(1, [{ $: ['type', 'app.Money', 5] }], true);
    await settle();
    expect(fake.control.at(-1)).toMatchObject({ type: FrameType.CANCEL, callId: 1 });
    fake.items(1, ['late']);
    fake.result(1, null);
    fake.result(2, 2);
    await settle();
    expect(broken.told).toEqual(['start', 'error unencodable/finished']);
    expect(good.told).toEqual(['start', 'result 2']);
  });

  it('has a budget for each item, which runs only while the producer may send', async () => {
    const { fake, worker } = await ready();
    const call = stream({ itemTimeoutMs: 100 });
    worker.run(call);
    vi.advanceTimersByTime(90);
    fake.items(1, ['a']);
    await settle();
    vi.advanceTimersByTime(90);
    await settle();
    fake.items(1, ['b']);
    await settle();
    vi.advanceTimersByTime(10_000);
    await settle();
    expect(call.answers).toBe(0);
    worker.grant(call, 2);
    vi.advanceTimersByTime(99);
    await settle();
    expect(call.answers).toBe(0);
    vi.advanceTimersByTime(2);
    await settle();
    expect(fake.control.at(-1)).toMatchObject({ type: FrameType.CANCEL, envelope: '{"mode":"interrupt"}' });
    fake.error(1, CANCELLED);
    await settle();
    expect(call.told.at(-1)).toBe('error item-timeout/finished');
  });
});
