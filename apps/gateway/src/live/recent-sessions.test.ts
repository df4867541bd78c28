import { createSessionRegistry } from '@pypool/sessions';
import { expect, it } from 'vitest';
import { RecentSessions } from './recent-sessions.js';

function openSessions(count: number) {
  let looked = 0;
  const registry = createSessionRegistry();
  const recent = new RecentSessions({
    get size() {
      return registry.size;
    },
    get: (id) => registry.get(id),
    list: () => {
      looked += 1;
      return registry.list();
    },
  });
  const call = (id: string) => {
    registry.begin(id);
    recent.touched(id);
  };
  for (let at = 0; at < count; at += 1) call(`s${at}`);
  return { registry, recent, call, looks: () => looked };
}

const ids = ({ recent }: RecentSessions['all']) => recent.map(({ id }) => id);

it('are the hundred that were active last of all that are open, and looking at all is not needed', () => {
  const { recent, registry, call, looks } = openSessions(10_000);
  call('s7');
  expect(recent.all.open).toBe(10_000);
  expect(ids(recent.all).slice(0, 3)).toEqual(['s7', 's9999', 's9998']);
  expect(recent.all.recent).toHaveLength(100);
  expect(recent.all.recent[0]).toEqual({
    id: 's7',
    startedAt: expect.any(Number),
    lastActivity: expect.any(Number),
    operations: 2,
    errors: 0,
    inFlight: 2,
  });
  registry.end('s9999');
  expect(ids(recent.all).slice(0, 2)).toEqual(['s7', 's9998']);
  expect(looks()).toBe(0);
  registry.close();
});

it('are others where many have ended, which one look at all finds', () => {
  const { recent, registry, looks } = openSessions(1_000);
  for (let at = 550; at < 1_000; at += 1) registry.end(`s${at}`);
  const { open, recent: shown } = recent.all;
  expect([open, shown.length, looks()]).toEqual([550, 100, 1]);
  expect(recent.all.recent).toHaveLength(100);
  expect(looks()).toBe(1);
  for (let at = 0; at < 550; at += 1) registry.end(`s${at}`);
  expect(recent.all).toEqual({ open: 0, recent: [] });
  registry.close();
});
