import { expect, it } from 'vitest';

import { checkListener } from './check-listener.js';

const KNOWN = ['closed', 'worker-ready'];

it('takes a function for an event that there is', () => {
  expect(() => checkListener('closed', () => {}, KNOWN)).not.toThrow();
});

it.each([
  [
    'worker-redy',
    'There is no event "worker-redy". Did you mean "worker-ready"? There are closed,',
    ['worker-ready'],
  ],
  ['nope', 'There is no event "nope". There are closed, worker-ready.', []],
  [undefined, 'There is no event undefined. There are', []],
])('refuses the event %s and names those that there are', (event, message, suggestions) => {
  expect(() => checkListener(event, () => {}, KNOWN)).toThrow(
    expect.objectContaining({
      code: 'invalid-arguments',
      message: expect.stringContaining(message),
      context: expect.objectContaining({ known: KNOWN, suggestions }),
    }),
  );
});

it('refuses a listener that is no function', () => {
  expect(() => checkListener('closed', 5, KNOWN)).toThrow(
    expect.objectContaining({
      code: 'invalid-arguments',
      message: 'The listener of event "closed" is 5, not a function.',
    }),
  );
});
