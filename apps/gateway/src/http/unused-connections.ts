import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** How long a request that is on its way may take to arrive. */
const ON_ITS_WAY_MS = 100;

/**
 * The connections that no request has come over yet. Clients open some ahead, as Node's own `fetch` does, and to a server that closes they are
 * neither idle nor done: it would wait for them.
 *
 * @returns ends those that there are, and each that comes before the server has stopped to listen, but for those whose request was on its way
 */
export function watchUnused(server: Server): () => void {
  const unused = new Set<Socket>();
  let ended = false;
  const endUnlessUsed = (socket: Socket): void => {
    const end = (): unknown => unused.has(socket) && socket.destroy();
    // What has arrived is read before it is judged.
    setTimeout(() => setImmediate(end), ON_ITS_WAY_MS);
  };
  server.on('connection', (socket: Socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
    if (ended) endUnlessUsed(socket);
  });
  server.on('request', ({ socket }) => unused.delete(socket));
  return () => {
    ended = true;
    for (const socket of unused) endUnlessUsed(socket);
  };
}
