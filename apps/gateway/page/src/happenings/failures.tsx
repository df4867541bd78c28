import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { FailureGroup } from '../connect/page-state.js';
import { count, plural, timeOfDay } from '../look/format.js';
import { Section } from '../look/section.js';
import { Elapsed } from '../look/ticking.js';

/** Failed calls, those that are alike as one, with what Python said. */
export function Failures({ failures }: { readonly failures: readonly FailureGroup[] }): JSX.Element {
  // The list is drawn for new failures, and not for each sample.
  const list = useMemo(
    () => failures.map((group) => <Failure key={group.number} group={group} />),
    [failures],
  );
  const all = failures.reduce((sum, group) => sum + group.count, 0);
  return (
    <Section
      id="failures"
      title="Recent errors"
      note={all > 0 && `${plural(all, 'failed call')} of ${plural(failures.length, 'kind')}`}
    >
      {failures.length === 0 ? <p class="empty">No call has failed.</p> : <ul class="happenings">{list}</ul>}
    </Section>
  );
}

function Failure({
  group: { count: times, firstTime, latest },
}: {
  readonly group: FailureGroup;
}): JSX.Element {
  const [headline = '', ...more] = latest.message.split('\n');
  return (
    <li>
      <details>
        <summary>
          <span class="what">
            <code>{latest.function}</code> <span class="badge bad">{latest.code}</span>
            {times > 1 && <b class="times">{count(times)} times</b>}
            <span class="when">
              <Elapsed since={latest.time} /> ago
            </span>
          </span>
          <span class="message">{headline}</span>
        </summary>
        {more.length > 0 && <pre tabIndex={0}>{more.join('\n')}</pre>}
        {latest.traceback !== undefined && (
          <pre class="traceback" tabIndex={0} aria-label="Python traceback">
            {latest.traceback}
          </pre>
        )}
        <dl class="facts">
          <Fact name="Category">{latest.category}</Fact>
          <Fact name="Outcome">{OUTCOME[latest.outcome]}</Fact>
          {latest.session !== undefined && <Fact name="Session">{latest.session}</Fact>}
          <Fact name={times > 1 ? 'Last, first' : 'At'}>
            {timeOfDay(latest.time)}
            {times > 1 && `, ${timeOfDay(firstTime)}`}
          </Fact>
        </dl>
      </details>
    </li>
  );
}

const OUTCOME = {
  'not-started': 'not-started: it never ran',
  unknown: 'unknown: it may have run, wholly or in part',
  finished: 'finished: the function has ended',
} as const;

function Fact({
  name,
  children,
}: {
  readonly name: string;
  readonly children: JSX.Element | string | (string | false)[];
}): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
