import type { Pool } from '@pypool/pool';
import { isPypoolError } from '@pypool/protocol';
import { watchFolders } from './watch.js';

/**
 * Reload a pool whenever Python files of some folders are saved, and say on stderr what came of it. Where new workers cannot start, that is
 * their traceback, and the old ones go on. Ends with the pool.
 */
export function reloadOnSave(pool: Pool, folders: readonly string[], write = toStderr): void {
  const say = (text: string): void => write(`[${pool.name}] ${text}\n`);
  const watch = watchFolders(folders, {
    onChange(names) {
      pool.reload().then(
        () => say(`Reloaded after a change of ${names.join(', ')}.`),
        (error: unknown) => {
          if (isPypoolError(error) && error.code === 'pool-closed') return;
          say(error instanceof Error ? error.message : String(error));
        },
      );
    },
    onError: (folder, error) => say(`${folder} is not watched: ${error.message}`),
  });
  pool.on('closing', () => watch.close());
}

function toStderr(text: string): void {
  process.stderr.write(text);
}
