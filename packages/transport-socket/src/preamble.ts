/** What a worker says first on each of its connections (SPEC.md section 14). */
export interface Preamble {
  /** 0 requests, 1 replies, 2 control. */
  readonly channel: 0 | 1 | 2;
  /** Of the offer, in hex. */
  readonly offerId: string;
  /** The same for all connections of one worker, in hex. */
  readonly nonce: string;
  readonly secret: Buffer;
}

/** Length of a preamble. */
export const PREAMBLE_BYTES = 64;
export const OFFER_ID_BYTES = 16;
export const SECRET_BYTES = 32;

/** What a worker is answered on each connection when all of them stand. */
export const TAKEN = Buffer.from([1]);

/** The last byte is the version. */
const MAGIC = Buffer.from('pypool\x01', 'latin1');

/** Read {@link PREAMBLE_BYTES} bytes; `undefined` where they are no preamble. */
export function readPreamble(bytes: Buffer): Preamble | undefined {
  const channel = bytes[7];
  const isOurs = bytes.length === PREAMBLE_BYTES && bytes.subarray(0, 7).equals(MAGIC);
  if (!isOurs || (channel !== 0 && channel !== 1 && channel !== 2)) return undefined;
  return {
    channel,
    offerId: bytes.toString('hex', 8, 24),
    nonce: bytes.toString('hex', 24, 32),
    secret: bytes.subarray(32),
  };
}
