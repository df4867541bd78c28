import { expect, it } from 'vitest';
import { commandOf } from './command-line.js';

it('reads what is to be looked at, and by which interpreter', () => {
  expect(commandOf(['doctor', 'a.py'])).toEqual({ module: 'a.py', python: undefined, json: false });
  const all = { module: 'a.b', python: 'python3.12', json: true };
  expect(commandOf(['--json', 'doctor', '--python', 'python3.12', 'a.b'])).toEqual(all);
});

it('reads that help is wanted, whatever else is said', () => {
  for (const args of [['--help'], ['doctor', '-h'], ['cure', '--help']])
    expect(commandOf(args)).toEqual({ help: true });
});

it.each([
  [[], 'no command is given'],
  [['cure'], 'there is no command "cure"'],
  [['doctor'], 'no module is given'],
  [['doctor', 'a.py', 'b.py'], 'one module, not 2'],
  [['doctor', 'a.py', '--jason'], "Unknown option '--jason'"],
  [['doctor', 'a.py', '--python'], "Option '--python <value>' argument missing"],
])('refuses %j', (args, wrong) => {
  expect(commandOf(args)).toEqual({ wrong });
});
