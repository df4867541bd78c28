import type { SessionRecord } from '../registry/session.js';
import type { SessionStore } from './store.js';

/** The default store: a map in this process, gone with it. */
export function memoryStore(): SessionStore {
  const records = new Map<string, SessionRecord>();
  return {
    get size() {
      return records.size;
    },
    get: (id) => records.get(id),
    set(record) {
      records.set(record.id, record);
    },
    delete(id) {
      records.delete(id);
    },
    values: () => records.values(),
  };
}
