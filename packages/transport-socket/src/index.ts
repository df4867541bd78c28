export { socketTransport } from './socket-transport.js';
export type { AdvertisedPlace, SocketTransportOptions, TcpOptions, TlsOptions } from './options.js';
