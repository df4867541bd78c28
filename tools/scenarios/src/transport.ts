import { readFileSync } from 'node:fs';
import { socketTransport, type PythonPoolOptions } from 'pypool';

/** Names the transport of all pools of a round. */
export const TRANSPORT = 'PYPOOL_SCENARIO_TRANSPORT';

/** By the names that the flag `--transport` takes; `pipe` is what pools use without the option. */
const CHOICES: Readonly<Record<string, (folder: string) => Pick<PythonPoolOptions, 'transport'>>> = {
  pipe: () => ({}),
  socket: (folder) => ({ transport: socketTransport({ folder }) }),
  tls: () => ({
    transport: socketTransport({
      tcp: { host: '127.0.0.1' },
      tls: { key: pem('server.key'), cert: pem('server.crt'), ca: pem('ca.crt') },
    }),
  }),
};

/**
 * The option `transport` that this round is run with; a pool closes it.
 *
 * @param folder Where sockets of the file system go.
 */
export function chosenTransport(folder: string): Pick<PythonPoolOptions, 'transport'> {
  return choice(process.env[TRANSPORT] ?? 'pipe')(folder);
}

/** What the flag means. @throws where there is none of this name. */
export function choice(name: string): (typeof CHOICES)[string] {
  const chosen = CHOICES[name];
  if (chosen === undefined) {
    throw new Error(`There is no transport ${name}: choose ${Object.keys(CHOICES).join(', ')}`);
  }
  return chosen;
}

function pem(name: string): string {
  return readFileSync(new URL(`../../../python/tests/fixtures/tls/${name}`, import.meta.url), 'utf8');
}
