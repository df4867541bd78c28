import type { JSX } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { NumberedLog } from '../connect/page-state.js';
import { count, plural, timeOfDay } from '../look/format.js';
import { Section } from '../look/section.js';

const LEVELS = ['debug', 'info', 'warning', 'error', 'critical'] as const;

const NO_LINE =
  'No line yet. Python makes no record below a warning unless told to: logging.getLogger().setLevel("INFO")';

/** Lines shown: more would make each new one slow. */
const MOST_SHOWN = 300;

/** What Python has logged and printed: by level, by text, and standing still while one reads. */
export function Logs({ logs }: { readonly logs: readonly NumberedLog[] }): JSX.Element {
  const [level, setLevel] = useState<string>('debug');
  const [text, setText] = useState('');
  const [paused, setPaused] = useState<readonly NumberedLog[]>();

  const shown = paused ?? logs;
  const found = useMemo(
    () => shown.filter((line) => isWanted(line, level, text)).slice(-MOST_SHOWN),
    [shown, level, text],
  );
  const missed =
    paused === undefined ? 0 : logs.filter(({ number }) => number > (paused.at(-1)?.number ?? 0)).length;

  return (
    <Section
      id="logs"
      title="Logs"
      note={
        paused === undefined
          ? `${count(found.length)} of ${plural(shown.length, 'line')}`
          : `paused, ${plural(missed, 'line')} since`
      }
      tools={
        <>
          <label class="inline-field">
            <span>Level</span>
            <select value={level} onChange={({ currentTarget }) => setLevel(currentTarget.value)}>
              {LEVELS.map((name) => (
                <option key={name} value={name}>
                  {name === 'debug' ? 'all' : `${name} and up`}
                </option>
              ))}
            </select>
          </label>
          <label class="inline-field">
            <span>Containing</span>
            <input type="search" value={text} onInput={({ currentTarget }) => setText(currentTarget.value)} />
          </label>
          <button
            type="button"
            aria-pressed={paused !== undefined}
            onClick={() => setPaused(paused === undefined ? logs : undefined)}
          >
            Pause
          </button>
        </>
      }
    >
      <LogLines lines={found} none={shown.length === 0 ? NO_LINE : 'No line is like that.'} />
    </Section>
  );
}

/** Newest below; follows them as long as the reader is at the end. */
function LogLines({
  lines,
  none,
}: {
  readonly lines: readonly NumberedLog[];
  /** What is said where there is none. */
  readonly none: string;
}): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useLayoutEffect(() => {
    if (atEnd.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [lines]);
  const list = useMemo(() => lines.map((line) => <LogLine key={line.number} line={line} />), [lines]);
  return (
    // Not role="log": that would read out every line as it comes.
    <div
      ref={box}
      class="scroll lines"
      role="region"
      aria-label="Log lines, newest last"
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) =>
        (atEnd.current = scrollHeight - scrollTop - clientHeight < 24)
      }
    >
      {list.length === 0 ? <p class="empty">{none}</p> : <ol>{list}</ol>}
    </div>
  );
}

function LogLine({ line }: { readonly line: NumberedLog }): JSX.Element {
  const about = [line.worker, line.function, line.session].filter((part) => part !== undefined).join(' · ');
  return (
    <li class={`line ${line.level}`}>
      <time>{timeOfDay(line.time)}</time>
      <span class="level">
        {line.source === 'stdout' || line.source === 'stderr' ? line.source : line.level}
      </span>
      <span class="text">{line.text}</span>
      <span class="about" title={about}>
        {about}
      </span>
    </li>
  );
}

function isWanted(line: NumberedLog, level: string, text: string): boolean {
  if (rankOf(line.level) < rankOf(level)) return false;
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return true;
  return [line.text, line.worker, line.function, line.session].some((part) =>
    part?.toLowerCase().includes(wanted),
  );
}

/** A level that Python does not know by itself counts as `info`. */
function rankOf(level: string): number {
  const rank = LEVELS.findIndex((known) => known === level);
  return rank < 0 ? 1 : rank;
}
