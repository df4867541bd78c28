import { expect, it } from 'vitest';
import * as face from './index.js';
import * as testing from './testing.js';

it('exports these names', () => {
  expect(Object.keys(face).sort()).toMatchInlineSnapshot(`
    [
      "createPythonWorkers",
      "findPython",
      "forkServer",
      "release",
      "spawnLauncher",
      "startPythonWorker",
    ]
  `);
});

it('exports these names for the tests of launchers', () => {
  expect(Object.keys(testing).sort()).toMatchInlineSnapshot(`
    [
      "launcherConformance",
    ]
  `);
});
