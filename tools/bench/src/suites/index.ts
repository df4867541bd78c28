import { batch } from './batch.js';
import { call } from './call.js';
import { memory } from './memory.js';
import { parts } from './parts.js';
import { payload } from './payload.js';
import { scale } from './scale.js';
import { startup } from './startup.js';
import { stream } from './stream.js';
import type { Suite } from './suite.js';
import { telemetry } from './telemetry.js';
import { throughput } from './throughput.js';

/** Every suite there is. A new one is a file in this folder and a name in this list. */
export const SUITES: readonly Suite[] = [
  call,
  parts,
  throughput,
  telemetry,
  startup,
  stream,
  payload,
  memory,
  batch,
  scale,
];
