import { expect, it } from 'vitest';

import * as face from './index.js';
import * as testing from './testing.js';

it('exports exactly these names', () => {
  expect(Object.keys(face).sort()).toEqual([
    'createSessionRegistry',
    'hint',
    'isAffinity',
    'memoryStore',
    'resolveSessionRegistryOptions',
    'sessionPool',
    'strictFailFast',
    'strictQueue',
  ]);
  expect(Object.keys(testing)).toEqual(['sessionStoreConformance']);
});
