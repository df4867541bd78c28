import { describe, it } from 'vitest';

import { sessionStoreConformance } from './conformance.js';
import { memoryStore } from './memory-store.js';

sessionStoreConformance('memory', memoryStore, { describe, it });
