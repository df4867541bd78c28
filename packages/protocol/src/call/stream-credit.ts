/**
 * The credit that streams are opened with, and how far it grows. For packages of pypool.
 *
 * It starts small: a producer whose consumer is slow, or leaves soon, is to do little that nobody takes. It grows where the consumer is as
 * fast as the producer, for then credit that comes in small change is what the stream waits for.
 */
export const STREAM_CREDIT = Object.freeze({
  /** Items that a stream may hold at first. */
  items: 64,
  /** Items that it may hold at most. */
  maxItems: 1024,
  /** Bytes that it may hold, and one frame more: of large items it holds few. */
  bytes: 4 * 1024 * 1024,
});
