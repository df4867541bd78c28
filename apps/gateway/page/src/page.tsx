import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { CallForm } from './calls/call-form.js';
import { ConnectionBanner } from './connect/connection-banner.js';
import { useFeed } from './connect/use-feed.js';
import { Failures } from './happenings/failures.js';
import { Logs } from './happenings/logs.js';
import { Figures } from './load/figures.js';
import { LoadCharts } from './load/load-charts.js';
import { Header } from './look/header.js';
import { Sessions } from './sessions/sessions.js';
import { Waiting } from './waiting/waiting.js';
import { WorkerNews } from './workers/worker-news.js';
import { Workers } from './workers/workers.js';

/** All of it: what an on-call engineer wants to see first stands first. */
export function Page(): JSX.Element {
  const { state, connection, reconnect } = useFeed();
  const main = useRef<HTMLElement>(null);
  const stale = connection.kind !== 'live';
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to the workers
      </a>
      <Header pool={state.pool} connection={connection} />
      <ConnectionBanner connection={connection} reconnect={reconnect} />
      <main id="main" ref={main} tabIndex={-1} class={stale ? 'stale' : ''}>
        <Figures state={state} />
        <div class="columns">
          <div class="column">
            <Workers workers={state.workers} deaths={state.deaths} pool={state.pool} />
            <LoadCharts samples={state.samples} />
            <Failures failures={state.failures} />
            <Logs logs={state.logs} />
          </div>
          <div class="column">
            <CallForm functions={state.functions} failures={state.failures} />
            <Sessions sessions={state.sessions} />
            <Waiting waiting={state.waiting} />
          </div>
        </div>
      </main>
      <WorkerNews workers={state.workers} deaths={state.deaths} />
    </>
  );
}
