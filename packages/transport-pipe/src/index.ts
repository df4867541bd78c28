export { pipeTransport } from './pipe-transport.js';
