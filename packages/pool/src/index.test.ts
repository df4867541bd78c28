import { expect, it } from 'vitest';

import * as face from './index.js';

it('exports these names and no other', () => {
  expect(Object.keys(face).sort()).toMatchInlineSnapshot(`
    [
      "CallList",
      "POOL_EVENT_NAMES",
      "createPool",
      "endingOf",
      "fair",
      "fifo",
      "functionsOf",
      "hasFreePlace",
      "leastBusy",
      "lifo",
      "mapCalls",
      "priority",
      "roundRobin",
      "systemClock",
    ]
  `);
});
