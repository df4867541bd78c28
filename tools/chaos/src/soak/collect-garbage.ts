import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** How long V8 may take to give pages back that it has emptied. Unit: milliseconds. */
const GIVE_BACK_MS = 50;

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** Have V8 collect all garbage now, and give back what that leaves empty. */
export async function collectGarbage(): Promise<void> {
  gc();
  await wait(GIVE_BACK_MS);
}
