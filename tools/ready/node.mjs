import { NotReady } from './not-ready.mjs';

/** The oldest Node that the packages support: their `engines` field. */
const OLDEST = [20, 19];

/** @throws NotReady if this very Node is too old. */
export function requireNode(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  throw new NotReady(
    `pypool needs Node ${OLDEST.join('.')} or newer; this is Node ${version} (${process.execPath}).`,
  );
}
