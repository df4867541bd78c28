import { expect, it, vi } from 'vitest';
import { WorkerEventHub } from './events.js';

it('tells everybody who listens, in order, until they listen no more', () => {
  const hub = new WorkerEventHub();
  const told: string[] = [];
  const listener = ({ workerId }: { workerId: string }): number => told.push(workerId);
  hub.on('worker-recovered', listener);
  hub.on('worker-recovered', ({ workerId }) => told.push(`${workerId}!`));
  expect(hub.heard('worker-recovered')).toBe(true);
  expect(hub.heard('output')).toBe(false);
  hub.emit('worker-recovered', { workerId: 'a' });
  hub.off('worker-recovered', listener);
  hub.emit('worker-recovered', { workerId: 'b' });
  expect(told).toEqual(['a', 'a!', 'b!']);
});

it('lets a listener that throws disturb nobody but the process it belongs to', async () => {
  const hub = new WorkerEventHub();
  const told: string[] = [];
  const scheduled = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation(() => undefined);
  hub.on('worker-recovered', () => {
    throw new Error('mine');
  });
  hub.on('worker-recovered', ({ workerId }) => told.push(workerId));
  hub.emit('worker-recovered', { workerId: 'a' });
  const [rethrow] = scheduled.mock.calls[0] ?? [];
  scheduled.mockRestore();
  expect(told).toEqual(['a']);
  expect(rethrow).toThrow('mine');
});
