import { existsSync, type FSWatcher, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';

/** How long it has to be quiet after a change: an editor saves in several steps, a formatter saves again. */
const QUIET_MS = 100;

/** What is told of a watch. */
export interface WatchListener {
  /** Python files were saved, renamed or removed. @param names their base names */
  onChange(names: readonly string[]): void;
  /** A folder cannot be watched, or no longer. */
  onError(folder: string, error: Error): void;
}

/** A watch that goes on until it is closed. It does not keep the process alive. */
export interface FolderWatch {
  close(): void;
}

/**
 * Watch the Python files of some folders, and of those below that hold any.
 *
 * Folders are watched, not files: editors save by renaming a new file over the old one, which ends a watch of that file. Folders that are hidden,
 * caches or virtual environments are left out.
 */
export function watchFolders(
  folders: readonly string[],
  listener: WatchListener,
  quietMs = QUIET_MS,
): FolderWatch {
  const watchers = new Map<string, FSWatcher>();
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  const tell = (): void => {
    const names = [...changed].sort();
    changed.clear();
    listener.onChange(names);
  };
  const note = (name: string): void => {
    changed.add(name);
    clearTimeout(timer);
    timer = setTimeout(tell, quietMs).unref();
  };
  const drop = (folder: string): void => {
    watchers.get(folder)?.close();
    watchers.delete(folder);
  };
  const add = (folder: string): void => {
    drop(folder);
    try {
      const watcher = watch(folder, { persistent: false }, (_, name) => {
        if (name === null || name.endsWith('.py')) return note(name ?? folder);
        // A folder that came, or came back under its old name: what is in it came with it.
        const below = join(folder, name);
        if (!holdsPython(below)) return;
        add(below);
        note(name);
      });
      watcher.on('error', (error) => {
        drop(folder);
        if (existsSync(folder)) listener.onError(folder, error);
      });
      watchers.set(folder, watcher);
      for (const name of foldersIn(folder)) if (holdsPython(join(folder, name))) add(join(folder, name));
    } catch (error) {
      drop(folder);
      listener.onError(folder, error as Error);
    }
  };

  for (const folder of new Set(folders)) add(folder);
  return {
    close() {
      clearTimeout(timer);
      for (const folder of [...watchers.keys()]) drop(folder);
    },
  };
}

function foldersIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

/** Whether a path is a folder with code of the user's own in it. */
function holdsPython(path: string): boolean {
  if (/(?:^|[/\\])(?:\.[^/\\]*|__pycache__|node_modules|site-packages)$/.test(path)) return false;
  try {
    const names = readdirSync(path);
    return names.some((name) => name.endsWith('.py')) && !names.includes('pyvenv.cfg');
  } catch {
    return false; // a file, gone, or not ours to read
  }
}
