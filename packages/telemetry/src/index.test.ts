import { expect, it } from 'vitest';

import * as face from './index.js';

it('exports these names and no other', () => {
  expect(Object.keys(face).sort()).toMatchInlineSnapshot(`
    [
      "ATTR",
      "CALL_BUCKETS",
      "CREATE_BUCKETS",
      "EVENT",
      "METRIC",
      "SCOPE_NAME",
      "SPAN",
      "attachTelemetry",
      "emitLogs",
      "measurePool",
      "pinoLogs",
      "traceCalls",
    ]
  `);
});
