import type { JSX } from 'preact';
import type { LiveSessions } from '../../../src/live/messages.js';
import { count } from '../look/format.js';
import { ScrollTable } from '../look/scroll-table.js';
import { Section } from '../look/section.js';
import { Elapsed } from '../look/ticking.js';

const COLUMNS = ['Session', 'Active', 'Calls', 'Errors', 'Now'];

/** For whom the pool works: the sessions that were active last. */
export function Sessions({ sessions }: { readonly sessions: LiveSessions | undefined }): JSX.Element {
  // The latest to have begun first: by activity they would change places all the time.
  const shown = (sessions?.recent ?? []).toSorted((a, b) => b.startedAt - a.startedAt);
  return (
    <Section id="sessions" title="Sessions" note={sessions === undefined ? undefined : noteOn(sessions)}>
      {shown.length === 0 ? (
        <p class="empty">No session is open. A call with a session id opens one.</p>
      ) : (
        <ScrollTable label="Sessions" columns={COLUMNS} numbers={COLUMNS.slice(1)}>
          {shown.map(({ id, lastActivity, operations, errors, inFlight }) => (
            <tr key={id}>
              <th scope="row" aria-label={id} title={id}>
                <SessionId id={id} />
              </th>
              <td class="number">
                <Elapsed since={lastActivity} /> ago
              </td>
              <td class="number">{count(operations)}</td>
              <td class={`number ${errors > 0 ? 'bad' : ''}`}>{count(errors)}</td>
              <td class="number">{count(inFlight)}</td>
            </tr>
          ))}
        </ScrollTable>
      )}
    </Section>
  );
}

/** How much of an id is shown however narrow it gets: ids of a kind often begin alike. */
const END = 6;

/** An id that is cut in its middle where there is no room for all of it. */
function SessionId({ id }: { readonly id: string }): JSX.Element {
  return (
    <span class="cut-middle">
      <span>{id.slice(0, -END)}</span>
      <span>{id.slice(-END)}</span>
    </span>
  );
}

function noteOn({ open, recent }: LiveSessions): string {
  return open > recent.length
    ? `${count(open)} open, the last ${recent.length} active`
    : `${count(open)} open`;
}
