import type { SessionRegistry } from '@pypool/sessions';
import type { LiveSession, LiveSessions } from './messages.js';

/** Sessions that are shown. */
const SHOWN = 100;
/** Sessions that are known by their activity: more than are shown, for some of them end. */
const KNOWN = 400;

/**
 * The sessions that were active last, known by what was called in them: to look at all that are open each second would cost with their number.
 */
export class RecentSessions {
  readonly #sessions: Pick<SessionRegistry, 'size' | 'get' | 'list'>;
  /** Ids, by their last activity: latest last. */
  readonly #known = new Set<string>();

  constructor(sessions: Pick<SessionRegistry, 'size' | 'get' | 'list'>) {
    this.#sessions = sessions;
  }

  /** Something has begun or ended in a session. */
  touched(id: string): void {
    const known = this.#known;
    known.delete(id);
    known.add(id);
    if (known.size > KNOWN) known.delete(known.values().next().value!);
  }

  /** All by number, and the last active of them. */
  get all(): LiveSessions {
    let recent = this.#recent();
    // So many have ended that others are to be shown, which are no longer known. Where none are left the number was of before, and is right now.
    if (recent.length < Math.min(SHOWN, this.#sessions.size)) {
      this.#lookAtAll();
      recent = this.#recent();
    }
    return { open: this.#sessions.size, recent };
  }

  #recent(): LiveSession[] {
    const recent: LiveSession[] = [];
    for (const id of [...this.#known].reverse()) {
      const session = this.#sessions.get(id);
      if (session === undefined) this.#known.delete(id);
      else if (recent.length < SHOWN) recent.push(session);
      else break;
    }
    return recent.map(({ id, startedAt, lastActivity, operations, errors, inFlight }) => ({
      id,
      startedAt,
      lastActivity,
      operations,
      errors,
      inFlight,
    }));
  }

  #lookAtAll(): void {
    const byActivity = [...this.#sessions.list()].sort((a, b) => a.lastActivity - b.lastActivity);
    this.#known.clear();
    for (const { id } of byActivity.slice(-KNOWN)) this.#known.add(id);
  }
}
