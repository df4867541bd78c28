import { describe, expect, it } from 'vitest';
import { Peer } from '../src/peer.js';

const LONG_MS = 120_000;

/** A peer that answers each input with a verdict, unless its first byte says to hang or to die. */
const PROGRAM = `
  let held = Buffer.alloc(0);
  process.stdin.on('data', (chunk) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= 4 && held.length >= 4 + held.readUInt32LE(0)) {
      const end = 4 + held.readUInt32LE(0);
      const answers = [];
      for (let at = 5; at < end; ) {
        const length = held.readUInt32LE(at);
        const first = held[at + 4];
        if (first === 1) for (;;);
        if (first === 2) process.kill(process.pid, 'SIGSEGV');
        answers.push({ error: 'none', frames: String(first), parts: [], faults: [], fresh: false });
        at += 4 + length;
      }
      held = held.subarray(end);
      process.stdout.write(JSON.stringify({ answers, rssBytes: 1 }) + '\\n');
    }
  });
`;

describe('a peer', () => {
  it(
    'names the input that hangs its process or kills it, and judges the others',
    async () => {
      const peer = new Peer({
        language: 'javascript',
        command: process.execPath,
        args: ['-e', PROGRAM],
        limits: { batchMs: 5_000, inputMs: 5_000 },
      });
      const verdicts = await peer.judge([3, 1, 4, 2, 5].map((first) => Uint8Array.of(first)));
      expect(verdicts.map(({ frames }) => frames)).toEqual(['3', '', '4', '', '5']);
      expect(verdicts[1]!.faults).toEqual([expect.stringMatching(/^hang: /)]);
      expect(verdicts[3]!.faults).toEqual([expect.stringMatching(/^crash: .*SIGSEGV/)]);
      await peer.close();
    },
    LONG_MS,
  );

  it('rejects where its program does not start at all', async () => {
    const peer = new Peer({ language: 'python', command: '/nowhere/python', args: [] });
    const inputs = Array.from({ length: 40 }, () => new Uint8Array(0));
    await expect(peer.judge(inputs)).rejects.toThrow(/lost again and again/);
    await peer.close();
  });
});
