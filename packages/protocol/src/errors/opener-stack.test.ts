import { describe, expect, it } from 'vitest';
import { openerStack } from './opener-stack.js';

describe('the stack of who opened something', () => {
  it('begins with the caller of the function that opens it', () => {
    const door = { open: (): string => inner() };
    const inner = (): string => openerStack(door, 'open');
    function userOfIt(): string {
      return door.open();
    }
    const lines = userOfIt().split('\n');
    expect(lines[0]).toMatch(/^ {4}at userOfIt \(.*opener-stack\.test\.ts/);
    expect(lines.every((line) => line.startsWith('    at '))).toBe(true);
  });
});
