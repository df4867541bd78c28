import { createError } from '@pypool/protocol';
import { expect, it } from 'vitest';
import { problemOf } from './problem.js';

it.each([
  ['/opt/python/bin/python3 does not exist', 'python3 does not exist'],
  ['PYTHONPATH=/srv/app/lib:/srv/other/lib is of no use', 'PYTHONPATH=lib:lib is of no use'],
  ["'/srv/app/model.py', 3 and/or (/tmp/a)", "'model.py', 3 and/or (a)"],
  ['see https://example.org/a/b', 'see https://example.org/a/b'],
  ['/srv/my models/v 2/load me.py was looked for', 'load me.py was looked for'],
  ['/usr/bin/python3 and /usr/bin/python', 'python3 and python'],
  [
    'It ended after an interrupt. It was here (most recent call first):\n  File',
    'It ended after an interrupt.',
  ],
])('tells of %j what a client may know', (message, detail) => {
  expect(problemOf(createError({ code: 'start-failed', message })).detail).toBe(detail);
});
