import { serveConformancePeer, transportConformance } from '../testing.js';
import { createMemoryTransport } from './memory-transport.js';

transportConformance('memory', () => {
  const transport = createMemoryTransport({ onRuntime: serveConformancePeer });
  return Promise.resolve({
    holdsHandles: false,
    async connect() {
      const { signal } = new AbortController();
      const offer = await transport.offer(signal);
      return offer.accept([], signal);
    },
    close: () => transport.close(),
  });
});
