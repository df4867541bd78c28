import type { SessionRegistryOptions } from 'pypool';
import { LastAsked } from './last-asked.js';
import type { ModelConfig } from './program.js';
import { Programs } from './programs.js';

/** What a session has. */
export interface SessionRecord {
  readonly programs: Programs;
  /** In place of the service's own. */
  readonly model: LastAsked<ModelConfig>;
}

/** Where what belongs to sessions is kept: on the side of Node, so that no worker takes it along when it dies. */
export class SessionRecords {
  readonly #records = new Map<string, SessionRecord>();

  /** The record of a session, if it has one. */
  find(sessionId: string): SessionRecord | undefined {
    return this.#records.get(sessionId);
  }

  /** The record of a session, which begins where there is none. */
  open(sessionId: string): SessionRecord {
    let record = this.#records.get(sessionId);
    if (record === undefined) {
      record = { programs: new Programs(), model: new LastAsked() };
      this.#records.set(sessionId, record);
    }
    return record;
  }

  /** Forget a session. How many programs it had. */
  end(sessionId: string): number {
    const record = this.#records.get(sessionId);
    this.#records.delete(sessionId);
    return record?.programs.kept.size ?? 0;
  }

  /** How many sessions there are, and how many programs in all. */
  count(): { sessions: number; programs: number } {
    let programs = 0;
    for (const record of this.#records.values()) programs += record.programs.kept.size;
    return { sessions: this.#records.size, programs };
  }

  /** The options of a registry of sessions with which a session that is over, or has expired, is forgotten here, too. */
  endedBy(sessions: SessionRegistryOptions = {}): SessionRegistryOptions {
    return {
      ...sessions,
      onEnd: (session, reason) => {
        this.end(session.id);
        sessions.onEnd?.(session, reason);
      },
    };
  }

  /** The ids of all sessions. */
  ids(): string[] {
    return [...this.#records.keys()];
  }
}
