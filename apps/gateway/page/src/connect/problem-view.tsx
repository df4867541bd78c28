import type { JSX } from 'preact';
import type { Problem } from './request.js';

export interface ProblemViewProps {
  readonly problem: Problem;
  /** As Python prints it, where it is known: an answer leaves it out. */
  readonly traceback?: string | undefined;
}

/** What is said above in words, or says nothing to people. */
const SHOWN = new Set([
  'type',
  'title',
  'status',
  'detail',
  'category',
  'code',
  'outcome',
  'errors',
  'retryable',
]);

/** A problem document for people: what happened first, then what is known of it. */
export function ProblemView({ problem, traceback }: ProblemViewProps): JSX.Element {
  const { status, title, detail, category, code, outcome, errors, retryable } = problem;
  const more = Object.entries(problem).filter(([key]) => !SHOWN.has(key));
  const facts = [
    status > 0 && `HTTP ${status}`,
    category,
    code,
    outcome,
    retryable === true && 'may be tried again',
  ];
  return (
    <div class="problem-view">
      <p>
        <b>{title}</b>
      </p>
      {errors === undefined ? (
        <p>{detail}</p>
      ) : (
        <ul>
          {errors.map(({ field, message }) => (
            <li key={field}>
              <code>{field}</code> {message}
            </li>
          ))}
        </ul>
      )}
      <p class="note">{facts.filter(Boolean).join(' · ')}</p>
      {traceback !== undefined && (
        <pre class="traceback" tabIndex={0} aria-label="Python traceback">
          {traceback}
        </pre>
      )}
      {more.length > 0 && (
        // What the function says with `Fail` is meant to be read: it is why it failed.
        <details open={'failure' in problem}>
          <summary>More from the server</summary>
          <pre tabIndex={0}>{JSON.stringify(Object.fromEntries(more), null, 2)}</pre>
        </details>
      )}
    </div>
  );
}
