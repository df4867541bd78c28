/** Streams up to this length are sometimes cut at each place that there is. */
const EVERYWHERE_BYTES = 200;

/** Ways to cut a stream, decided by its bytes, so that the same input is always cut alike. The whole is not among them. */
export function splits(bytes: Uint8Array): Uint8Array[][] {
  const hash = hashOf(bytes);
  const { length } = bytes;
  if (length === 0) return [];
  const ways = [
    inPieces(bytes, length > 20_000 ? 1000 + (hash % 60_000) : 1 + (hash % Math.min(length, 97))),
  ];
  if (length <= EVERYWHERE_BYTES && hash % 16 === 0) {
    for (let cut = 1; cut < length; cut++) ways.push([bytes.subarray(0, cut), bytes.subarray(cut)]);
    ways.push(inPieces(bytes, 1));
  } else {
    const cut = (hash >>> 8) % length;
    ways.push([bytes.subarray(0, cut), bytes.subarray(cut)]);
  }
  return ways;
}

function inPieces(bytes: Uint8Array, size: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}

/** FNV-1a over the first bytes and the length. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5 ^ bytes.length;
  for (const byte of bytes.subarray(0, 4096)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
