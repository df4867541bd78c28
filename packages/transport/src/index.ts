// The contract
export type { Connection, ConnectionOffer, FrameListener, FrameSink, Transport } from './contract.js';

// For implementers of transports over Node streams
export { createStreamConnection } from './channel/stream-connection.js';
export type { ChannelStreams, StreamConnectionOptions } from './channel/stream-connection.js';
export { ChannelSink } from './channel/channel-sink.js';
export { ChannelSource } from './channel/channel-source.js';
export type { ChannelSourceOptions } from './channel/channel-source.js';

// For tests
export { createMemoryTransport } from './memory/memory-transport.js';
export type { MemoryTransportOptions, RuntimeSide } from './memory/memory-transport.js';
