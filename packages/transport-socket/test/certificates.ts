import { readFileSync } from 'node:fs';

/** A certificate for this machine, and the CA that vouches for it: those that the runtime's tests use. */
export function tlsOptions(): { key: string; cert: string; ca: string } {
  const read = (name: string): string =>
    readFileSync(new URL(`../../../python/tests/fixtures/tls/${name}`, import.meta.url), 'utf8');
  return { key: read('server.key'), cert: read('server.crt'), ca: read('ca.crt') };
}
