import type { JSX } from 'preact';
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { FailureGroup } from '../connect/page-state.js';
import { ProblemView } from '../connect/problem-view.js';
import { latency, plural, timeOfDay } from '../look/format.js';
import { prettyJson } from '../look/pretty-json.js';
import type { Answer } from './make-call.js';
import type { MadeCall } from './use-call.js';

const TONE = { running: 'warn', done: 'ok', failed: 'bad', stopped: 'quiet' } as const;

export interface CallResultProps {
  readonly made: MadeCall;
  readonly failures: readonly FailureGroup[];
}

/** What came of the last call. Its end is read out; the items of a stream are not, since they may be many. */
export function CallResult({ made, failures }: CallResultProps): JSX.Element {
  const { name, kind, state, startedAt, tookMs, itemCount, answers, problem } = made;
  return (
    <div class="result">
      <p class="outcome">
        <span role="status">
          <code>{name}</code> <span class={`badge ${TONE[state]}`}>{state}</span>
          {tookMs !== undefined && ` after ${latency(tookMs)}`}
        </span>
        <span class="note">
          {kind === 'stream' && `${plural(itemCount, 'item')}, `}
          {timeOfDay(startedAt)}
        </span>
      </p>
      {kind === 'stream' ? (
        <Items answers={answers} first={itemCount - answers.length + 1} />
      ) : (
        answers.map((answer) => <Value answer={answer} />)
      )}
      {problem !== undefined && <ProblemView problem={problem} traceback={tracebackOf(made, failures)} />}
    </div>
  );
}

function Items({
  answers,
  first,
}: {
  readonly answers: readonly Answer[];
  readonly first: number;
}): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [answers]);
  if (answers.length === 0) return <p class="empty">No item yet.</p>;
  return (
    <div ref={box} class="scroll items" role="region" aria-label="Items, newest last" tabIndex={0}>
      <ol start={first}>
        {answers.map((answer, at) => (
          <li key={first + at}>
            <code>{answer.kind === 'item' ? answer.json : ''}</code>
          </li>
        ))}
      </ol>
    </div>
  );
}

function Value({ answer }: { readonly answer: Answer }): JSX.Element {
  const text = useMemo(() => (answer.kind === 'bytes' ? '' : prettyJson(answer.json)), [answer]);
  if (answer.kind !== 'bytes')
    return (
      <pre class="value" tabIndex={0} aria-label="Result">
        {text}
      </pre>
    );
  return <Download blob={answer.blob} />;
}

function Download({ blob }: { readonly blob: Blob }): JSX.Element {
  const url = useMemo(() => URL.createObjectURL(blob), [blob]);
  useLayoutEffect(() => () => URL.revokeObjectURL(url), [url]);
  return (
    <p>
      {plural(blob.size, 'byte')}{' '}
      <a href={url} download="result">
        Save
      </a>
    </p>
  );
}

/** The feed and we may have clocks that differ by that much. */
const CLOCKS_MS = 1_500;

/** Of the failure that the feed told of since the call was made, of its function and with its code: most likely its own. */
function tracebackOf(
  { name, startedAt, problem }: MadeCall,
  failures: readonly FailureGroup[],
): string | undefined {
  return failures
    .map(({ latest }) => latest)
    .filter(
      ({ function: of, code, time }) =>
        of === name && code === problem?.code && time >= startedAt - CLOCKS_MS,
    )
    .sort((a, b) => b.time - a.time)[0]?.traceback;
}
