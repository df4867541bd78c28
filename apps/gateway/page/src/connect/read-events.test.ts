import { describe, expect, it } from 'vitest';
import { EventParser, readEvents } from './read-events.js';

const TEXT = [
  ': hello, nobody reads this',
  'event: worker',
  'data: {"a":1}',
  '',
  'data: first',
  'data:second',
  'id: 7',
  '',
  ':',
  '',
  'event: cut off',
  'data: never dispatched',
  '',
].join('\n');

const EVENTS = [
  { event: 'worker', data: '{"a":1}' },
  { event: 'message', data: 'first\nsecond' },
];

describe('the events of a stream', () => {
  it.each(['\n', '\r\n', '\r'])('are the same wherever it is cut, with lines that end with %j', (end) => {
    const text = TEXT.replaceAll('\n', end);
    for (let at = 0; at <= text.length; at += 1) {
      const parser = new EventParser();
      expect([...parser.take(text.slice(0, at)), ...parser.take(text.slice(at))]).toEqual(EVENTS);
    }
  });

  it('are told as they come, and the source is let go by whoever leaves early', async () => {
    let cancelled = false;
    const source = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new TextEncoder().encode('data: ä\n\n')),
      cancel: () => void (cancelled = true),
    });
    for await (const { data } of readEvents(source)) {
      expect(data).toBe('ä');
      break;
    }
    expect(cancelled).toBe(true);
  });
});
