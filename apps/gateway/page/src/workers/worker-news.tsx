import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { LiveWorker } from '../../../src/live/messages.js';
import type { PageState } from '../connect/page-state.js';
import { plural } from '../look/format.js';

/** Only what holds for as long is told: a pool that loses workers again and again must not talk without end. */
const HOLDS_MS = 2_000;

/** Says to screen readers how many workers are ready when that has changed, and who has died. Not to be seen: the table shows it. */
export function WorkerNews({ workers, deaths }: Pick<PageState, 'workers' | 'deaths'>): JSX.Element {
  const [said, setSaid] = useState('');
  const told = useRef<string>(undefined);
  const news = workers === undefined ? undefined : newsOf(workers, deaths);

  useEffect(() => {
    if (news === undefined || told.current === news) return undefined;
    // How things stand at the beginning is no news.
    const isFirst = told.current === undefined;
    if (isFirst) {
      told.current = news;
      return undefined;
    }
    const timer = setTimeout(() => setSaid((told.current = news)), HOLDS_MS);
    return () => clearTimeout(timer);
  }, [news]);

  return (
    <p role="status" class="unseen">
      {said}
    </p>
  );
}

function newsOf(workers: readonly LiveWorker[], deaths: PageState['deaths']): string {
  const ready = workers.filter(({ state }) => state === 'ready').length;
  const now = `${plural(ready, 'worker')} ${ready === 1 ? 'is' : 'are'} ready.`;
  const last = [...deaths.values()].sort((a, b) => b.since - a.since)[0];
  return last === undefined ? now : `Worker ${last.id} ${last.reason ?? 'is gone'}. ${now}`;
}
