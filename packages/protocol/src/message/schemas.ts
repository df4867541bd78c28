import { z } from 'zod';
import { FrameType } from '../frame/frame.js';

const callId = z.int().positive();
const segment = z.int().positive();
const segments = z.object({ segments: z.array(segment).min(1) });
const count = z.int().nonnegative();
const text = z.string();

const hello = z.object({
  protocol: z.tuple([z.int(), z.int()]),
  runtime: text,
  python: text,
  implementation: text,
  pid: z.int(),
  codecs: z.array(text),
  capabilities: z.array(text),
  secret: text.optional(),
});

const welcome = z.object({
  protocol: z.int(),
  codec: z.literal('json'),
  workerId: text,
  pool: text,
  slot: count,
  incarnation: text,
  modules: z.array(z.object({ prefix: text, source: text, kind: z.enum(['path', 'name']) })),
  expose: z.array(text).nullable(),
  limits: z.object({ maxFrameBytes: count, maxBufferBytes: count }),
  integers: z.enum(['auto', 'bigint', 'error']),
  unencodable: z.enum(['error', 'marker']),
  parentPid: z.int(),
  parentDeathSignal: z.boolean(),
  concurrency: z.int().positive(),
  engine: z.enum(['sync', 'async', 'threads']),
  logLevel: count.nullable(),
  rlimits: z.array(z.object({ name: text, soft: z.int().min(-1), hard: z.int().min(-1).nullable() })),
  outputToken: text.nullable(),
  signatures: z.boolean().optional(),
});

const hinted = z.object({ hint: text.nullable(), schema: z.record(text, z.unknown()) });
const signature = z.object({
  doc: text.nullable(),
  parameters: z
    .array(
      hinted.extend({
        name: text,
        kind: z.enum(['positional', 'either', 'keyword', 'rest', 'keywords']),
        required: z.boolean(),
        default: z.unknown().optional(),
      }),
    )
    .nullable(),
  returns: hinted.nullable(),
});

const exposedFunction = z.object({
  name: text,
  stream: z.boolean(),
  async: z.boolean(),
  idempotent: z.boolean(),
  timeoutSeconds: z.number().nullable(),
  concurrency: z.int().positive().nullable(),
  cancel: z.enum(['interrupt', 'cooperative', 'kill']),
  signature: signature.optional(),
});

const record = z.record(text, z.unknown());
const meta = z.object({
  session: z.object({ id: text, metadata: record.optional() }).optional(),
  attributes: record.optional(),
  deadline: z.number().optional(),
  traceparent: text.optional(),
  tracestate: text.optional(),
  credit: z.int().positive().optional(),
  creditBytes: z.int().positive().optional(),
  parent: callId.optional(),
  inputs: z
    .array(z.union([count, text]))
    .min(1)
    .optional(),
});

const positional = z.array(z.unknown()).nullable();
const call = z.union([
  z.tuple([text]),
  z.tuple([text, positional]),
  z.tuple([text, positional, record.nullable()]),
  z
    .tuple([text, positional, record.nullable(), meta.nullable()])
    .refine(([, args, kwargs, told]) => told?.inputs?.every(isPlace(args ?? [], kwargs ?? {})) ?? true, {
      error: 'a CALL has no argument in the place of an input',
    }),
]);

/** Whether a call has an argument there. */
function isPlace(args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>) {
  return (place: number | string): boolean =>
    typeof place === 'number' ? place < args.length : Object.hasOwn(kwargs, place);
}

const traceback = z.object({
  file: text,
  line: count,
  function: text,
  code: text.nullish(),
});

/** The same in a message that Node reads whole: what has no source line has none in either language. */
const frames = z.array(traceback.transform((frame) => ({ ...frame, code: frame.code ?? undefined })));

/** What is known of the Python exception behind an error. */
const exception = z.object({
  type: text.nullish(),
  module: text.nullish(),
  args: z.array(z.unknown()).nullish(),
  traceback: text.nullish(),
  frames: z.array(traceback).nullish(),
  notes: z.array(text).nullish(),
  suppressContext: z.boolean().nullish(),
  get cause() {
    return errorObject.nullish();
  },
  get context() {
    return errorObject.nullish();
  },
  get exceptions() {
    return z.array(errorObject).nullish();
  },
});

/** SPEC.md section 6, after the envelope has been decoded. */
export const errorObject: z.ZodType = z.discriminatedUnion('kind', [
  exception.extend({ kind: z.literal('python'), message: text, type: text, module: text }),
  exception.extend({ kind: z.literal('fail'), message: text, code: text, data: z.unknown().optional() }),
  z.object({
    kind: z.literal('unknown-function'),
    message: text,
    name: text,
    suggestions: z.array(text).nullish(),
  }),
  exception.extend({
    kind: z.literal('invalid-arguments'),
    message: text,
    signature: text.nullish(),
    started: z.boolean().nullish(),
  }),
  z.object({ kind: z.literal('unencodable'), message: text, path: text, type: text }),
  z.object({ kind: z.literal('frame-too-large'), message: text, bytes: count, limit: count }),
  z.object({
    kind: z.literal('cancelled'),
    message: text,
    started: z.boolean().nullish(),
    runsOn: z.boolean().nullish(),
  }),
]);

/**
 * The shape of every envelope, by frame type, after the value codec has decoded it.
 *
 * Used for control messages; the frames of calls are read by hand, and tests hold both to the same answers. Unknown keys are
 * ignored, since newer peers may say more.
 */
export const ENVELOPE_SCHEMAS = {
  [FrameType.CALL]: call,
  [FrameType.RESULT]: z.unknown(),
  [FrameType.ERROR]: errorObject,
  [FrameType.ITEM]: z.array(z.unknown()).min(1),
  [FrameType.HOST_CALL]: call,
  [FrameType.HOST_RESULT]: z.union([z.object({ value: z.unknown() }), z.object({ error: errorObject })]),
  [FrameType.HELLO]: hello,
  [FrameType.WELCOME]: welcome,
  [FrameType.READY]: z.object({ functions: z.array(exposedFunction) }),
  [FrameType.START_FAILED]: errorObject,
  [FrameType.PING]: z.object({ n: count }),
  [FrameType.PONG]: z.object({ n: count, running: callId.nullable(), busyMs: z.number() }),
  [FrameType.CANCEL]: z.object({ mode: z.enum(['leave', 'interrupt']) }),
  [FrameType.CREDIT]: z.object({ n: z.int().positive(), bytes: count.optional() }),
  [FrameType.REVOKE]: z.object({ ids: z.array(callId) }),
  [FrameType.REVOKED]: z.object({ ids: z.array(callId) }),
  [FrameType.SHUTDOWN]: z.object({}),
  [FrameType.LOG]: z.object({
    source: z.enum(['logging', 'warnings']),
    level: text,
    logger: text,
    message: text,
    time: z.number(),
    callId: callId.nullable(),
    function: text.nullable(),
    session: text.nullable(),
    exception: text.nullable(),
    handled: z.boolean(),
    dropped: count,
    traceparent: text.optional(),
  }),
  [FrameType.EVENT]: z.object({ event: text, message: text.optional(), error: errorObject.optional() }),
  [FrameType.DUMP]: z.object({ n: count }),
  [FrameType.DUMPED]: z.object({
    n: count,
    threads: z.array(z.object({ id: z.int(), name: text.nullable(), main: z.boolean(), frames })),
    tasks: z.array(z.object({ name: text, frames })).nullable(),
    calls: z.array(z.object({ id: callId, frames })),
  }),
  [FrameType.MAP]: z.object({
    segment,
    channel: z.enum(['requests', 'replies']),
    bytes: z.int().positive(),
    thresholdBytes: count,
  }),
  [FrameType.MAPPED]: z.object({
    segment,
    fd: count.nullable(),
    token: text.nullable(),
    error: text.nullable(),
  }),
  [FrameType.OPENED]: z.object({ segment }),
  [FrameType.RELEASE]: segments,
  [FrameType.RELEASED]: segments,
  [FrameType.UNMAP]: segments,
  [FrameType.UNMAPPED]: segments,
  [FrameType.PULL]: z.object({ input: count, n: z.int().positive(), bytes: count }),
  [FrameType.INPUT]: z.tuple([count], z.unknown()).refine((parts) => parts.length > 1, 'no item'),
  [FrameType.INPUT_END]: z.object({
    input: count,
    error: z.object({ name: text, message: text }).nullable(),
  }),
} as const;
