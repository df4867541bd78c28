import type { Pool } from '@pypool/pool';
import { isPypoolError } from '@pypool/protocol';
import type { EnvOption, PythonWorkersOptions } from '@pypool/worker';
import { watchFolders } from './watch.js';

type Env = NonNullable<PythonWorkersOptions['env']>;

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

/**
 * The environment of workers whose files are watched: they cache no bytecode. Python takes that for current where the source has the same size and
 * was saved in the same second, and would go on with what was there before the last save.
 */
export function withoutBytecode(env: Env = {}): Env {
  const add = (option: EnvOption): EnvOption => {
    // What is no object is refused where options are checked.
    if (typeof option !== 'object' || option === null) return option;
    return { ...option, set: { PYTHONDONTWRITEBYTECODE: '1', ...option.set } };
  };
  return typeof env === 'function' ? (facts) => add(env(facts)) : add(env);
}

function toStderr(text: string): void {
  process.stderr.write(text);
}
