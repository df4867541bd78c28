import type { JSX } from 'preact';
import type { LiveWaiting } from '../../../src/live/messages.js';
import { count } from '../look/format.js';
import { ScrollTable } from '../look/scroll-table.js';
import { Section } from '../look/section.js';
import { Elapsed } from '../look/ticking.js';

/** The calls that wait: which, for how long, and what for. It is always there, so that nothing beside it moves as they come and go. */
export function Waiting({ waiting }: { readonly waiting: LiveWaiting | undefined }): JSX.Element {
  return (
    <Section
      id="waiting"
      title="Waiting"
      note={waiting !== undefined && waiting.queued > 0 && noteOn(waiting)}
    >
      {waiting === undefined || waiting.calls.length === 0 ? (
        <p class="empty">No call waits.</p>
      ) : (
        <ScrollTable label="Waiting calls" columns={['Function', 'For', 'Because']} numbers={['For']}>
          {waiting.calls.map(({ id, function: name, kind, since, session, why }) => (
            <tr key={id}>
              <th scope="row">
                <code>{name}</code>
                {(kind === 'stream' || session !== undefined) && (
                  <small>{[kind === 'stream' && 'stream', session].filter(Boolean).join(', ')}</small>
                )}
              </th>
              <td class="number">
                <Elapsed since={since} />
              </td>
              <td class="why">{why}</td>
            </tr>
          ))}
        </ScrollTable>
      )}
    </Section>
  );
}

function noteOn({ queued, calls }: LiveWaiting): string {
  return queued > calls.length
    ? `${count(queued)} wait, these ${calls.length} the longest`
    : `${count(queued)} wait`;
}
