import { putTogether, takeApart } from '../inputs/frame-model.js';
import { bytesOf, flatOf, inputOf } from '../inputs/input.js';
import { spell } from '../inputs/interesting.js';

/**
 * The same input with every envelope written as `JSON.stringify` writes it, or `undefined` where nothing changes.
 *
 * JavaScript cannot tell `1.0` from `1`, `-0` from `0`, or a number of 5000 digits from infinity; Python can, and no sender writes them. Where
 * the languages differ, they have to agree on the value that JavaScript read.
 */
export function respelled(flat: Uint8Array): Uint8Array | undefined {
  const model = takeApart(bytesOf(inputOf(flat)));
  let changed = false;
  for (const frame of model.frames) {
    const text = frame.envelope.toString();
    const other = respelledJson(text);
    if (other === undefined || other === text) continue;
    frame.envelope = Buffer.from(other);
    changed = true;
  }
  return changed ? flatOf(flat[0]!, flat[1]!, 0, putTogether(model)) : undefined;
}

function respelledJson(text: string): string | undefined {
  try {
    const infinite = (value: unknown): unknown =>
      value === Infinity ? '@@1e400@@' : value === -Infinity ? '@@-1e400@@' : value;
    return spell(JSON.stringify(JSON.parse(text), (_key, value: unknown) => infinite(value)));
  } catch {
    // No JSON, or too deep to be written: then it is not the spelling of numbers.
    return undefined;
  }
}
