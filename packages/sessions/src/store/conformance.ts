import { deepStrictEqual, strictEqual } from 'node:assert';

import type { SessionRecord } from '../registry/session.js';
import type { SessionStore } from './store.js';

/** The two functions of a test runner that the suite needs; those of vitest, jest, mocha and `node:test` fit. */
export interface ConformanceRunner {
  readonly describe: (name: string, body: () => void) => void;
  readonly it: (name: string, body: () => void) => void;
}

/**
 * The contract of {@link SessionStore} as tests.
 *
 * `createStore` makes an empty store for each test. In a test file:
 * `sessionStoreConformance('redis mirror', () => redisMirror(client), { describe, it })`.
 */
export function sessionStoreConformance(
  name: string,
  createStore: () => SessionStore,
  { describe, it }: ConformanceRunner,
): void {
  describe(`session store: ${name}`, () => {
    it('begins empty', () => {
      const store = createStore();
      strictEqual(store.size, 0);
      deepStrictEqual([...store.values()], []);
      strictEqual(store.get('a'), undefined);
    });

    it('gives back the very record it was given', () => {
      const store = createStore();
      const record = recordOf('a');
      store.set(record);
      strictEqual(store.get('a'), record);
      strictEqual(store.size, 1);
    });

    it('shows a change to a record that was made in place', () => {
      const store = createStore();
      const record = recordOf('a');
      store.set(record);
      record.operations = 7;
      store.set(record);
      strictEqual(store.get('a')?.operations, 7);
      strictEqual(store.size, 1);
    });

    it('replaces the record of an id that began again', () => {
      const store = createStore();
      const second = recordOf('a');
      store.set(recordOf('a'));
      store.set(second);
      strictEqual(store.get('a'), second);
      strictEqual(store.size, 1);
    });

    it('forgets a deleted session and ignores the deletion of an unknown one', () => {
      const store = createStore();
      store.set(recordOf('a'));
      store.set(recordOf('b'));
      store.delete('a');
      store.delete('a');
      store.delete('never');
      strictEqual(store.get('a'), undefined);
      deepStrictEqual(idsOf(store), ['b']);
      strictEqual(store.size, 1);
    });

    it('lets the session at hand be deleted while iterating, and still visits every other', () => {
      const store = createStore();
      for (const id of ['a', 'b', 'c', 'd']) store.set(recordOf(id));
      const visited: string[] = [];
      for (const record of store.values()) {
        visited.push(record.id);
        if (record.id === 'b' || record.id === 'd') store.delete(record.id);
      }
      deepStrictEqual(visited.sort(), ['a', 'b', 'c', 'd']);
      deepStrictEqual(idsOf(store), ['a', 'c']);
    });

    it('takes any string as an id', () => {
      const store = createStore();
      const ids = [
        '__proto__',
        'constructor',
        'hasOwnProperty',
        ' ',
        'a/b',
        'Ünï',
        '\u0000',
        '😀'.repeat(64),
      ];
      for (const id of ids) {
        strictEqual(store.get(id), undefined, `knows ${JSON.stringify(id)} without having been told`);
        store.set(recordOf(id));
      }
      deepStrictEqual(idsOf(store), [...ids].sort());
      for (const id of ids) strictEqual(store.get(id)?.id, id);
    });

    it('holds ten thousand sessions, each once', () => {
      const store = createStore();
      for (let i = 0; i < 10_000; i += 1) store.set(recordOf(`session-${i}`));
      for (let i = 0; i < 10_000; i += 2) store.delete(`session-${i}`);
      strictEqual(store.size, 5_000);
      strictEqual(new Set(idsOf(store)).size, 5_000);
    });
  });
}

function recordOf(id: string): SessionRecord {
  return { id, startedAt: 1, lastActivity: 1, operations: 0, errors: 0, inFlight: 0, metadata: {} };
}

function idsOf(store: SessionStore): string[] {
  return Array.from(store.values(), (record) => record.id).sort();
}
