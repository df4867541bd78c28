import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * The connections that no request has come over yet. Clients open some ahead, as Node's own `fetch` does, and to a server that closes they are
 * neither idle nor done: it would wait for them.
 *
 * @returns ends those that there are, and each that comes before the server has stopped to listen
 */
export function watchUnused(server: Server): () => void {
  const unused = new Set<Socket>();
  let ended = false;
  server.on('connection', (socket: Socket) => {
    if (ended) return void socket.destroy();
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.on('request', ({ socket }) => unused.delete(socket));
  return () => {
    ended = true;
    for (const socket of unused) socket.destroy();
  };
}
