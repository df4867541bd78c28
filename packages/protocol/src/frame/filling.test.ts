import { describe, expect, it } from 'vitest';
import { Filling } from './filling.js';

const MIB = 1024 * 1024;

describe('a filling', () => {
  it('allocates small and middling lengths at once', () => {
    for (const length of [0, 1, 65_536, 2 * MIB - 8]) expect(new Filling(length).bytes).toHaveLength(length);
  });

  it('holds at most eight times what has arrived of a large length, and the right bytes in the end', () => {
    const length = 40 * MIB + 3;
    const filling = new Filling(length);
    const chunk = Buffer.alloc(MIB, 5);
    chunk[0] = 9;
    for (let arrived = 0; arrived < length;) {
      expect(filling.bytes.length).toBeLessThanOrEqual(Math.max(2 * MIB, 8 * arrived));
      arrived += filling.fill(chunk, 0);
    }
    expect(filling.full).toBe(true);
    expect(filling.bytes).toHaveLength(length);
    for (let at = 0; at < length; at += MIB) expect(filling.bytes[at]).toBe(9);
    expect(filling.bytes[length - 1]).toBe(5);
  });

  it('takes no more than it needs', () => {
    const filling = new Filling(3);
    expect(filling.fill(Buffer.from('abcdef'), 2)).toBe(5);
    expect(filling.bytes.toString()).toBe('cde');
  });
});
