import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createError } from '@pypool/protocol';

/**
 * Where the runtime is, seen from this module: in the published package it travels beside the bundle (`dist/runtime`), in the
 * repository it is `python/` at the top.
 */
const PLACES = ['./runtime/', '../../../../python/'];

/**
 * The folder that holds the Python package `pypool`.
 *
 * @throws PypoolError `start-failed` where it is in none of the places: a bundler has moved this module away from the files.
 */
export function runtimeDir(): string {
  const folders = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const found = folders.find((folder) => existsSync(guardianFile(folder)));
  if (found !== undefined) return found;
  throw createError({
    code: 'start-failed',
    message:
      `The files of the Python runtime are missing; looked in ${folders.join(' and ')}. ` +
      'Where a bundler has moved @pypool/worker, keep it external or pass the runtimeDir option of spawnLauncher().',
    retryable: false,
    context: { lookedIn: folders },
  });
}

/** The guardian's program in a runtime folder. */
export function guardianFile(runtime: string): string {
  return join(runtime, 'pypool', 'guardian.py');
}
