import type { CallInputs, OutgoingCall, WireMeta } from '@pypool/protocol';

/** What a CALL says beyond the arguments: the caller's part, the first credit of a stream, and where inputs stand. */
export function metaOf(call: OutgoingCall, inputs: CallInputs | undefined): WireMeta | undefined {
  const { kind, meta, credit, creditBytes = Infinity } = call;
  if (kind === 'call' && inputs === undefined) return meta;
  return {
    ...meta,
    ...(kind === 'stream' && { credit }),
    ...(kind === 'stream' && creditBytes !== Infinity && { creditBytes }),
    ...(inputs && { inputs: inputs.places }),
  };
}
