import type { JSX } from 'preact';
import type { LivePool, LiveRunning, LiveWorker } from '../../../src/live/messages.js';
import { hasDied, type PageState } from '../connect/page-state.js';
import { bytes, count, plural } from '../look/format.js';
import { Section } from '../look/section.js';
import { Elapsed, serverNow } from '../look/ticking.js';
import { PoolActions } from './pool-actions.js';

export interface WorkersProps {
  readonly workers: readonly LiveWorker[] | undefined;
  readonly deaths: PageState['deaths'];
  readonly pool: LivePool | undefined;
}

const TONE = { starting: 'warn', ready: 'ok', retiring: 'warn', gone: 'quiet' } as const;

/** Calls shown of one worker. */
const MOST_RUNNING = 3;

/** A call is looked at once a second: of one that is younger nobody knows whether it still runs. */
const CERTAIN_MS = 1_500;

/** For how long a worker's row tells of the one that died before it. */
const REMEMBERED_MS = 60_000;

/** Each worker: how it is, what it does and for how long, and what it has cost. */
export function Workers({ workers, deaths, pool }: WorkersProps): JSX.Element {
  return (
    <Section
      id="workers"
      title="Workers"
      note={workers !== undefined && pool !== undefined && sizeOf(pool)}
      tools={<PoolActions pool={pool} />}
    >
      {workers === undefined || workers.length === 0 ? (
        <p class="empty">{workers === undefined ? 'Waiting for the server …' : 'No worker is up.'}</p>
      ) : (
        // Roles are said again for the small screen, where a row is laid out as a card and no longer counts as one by itself.
        <table role="table" aria-label="Workers">
          <thead role="rowgroup">
            <tr role="row">
              {['Worker', 'State', 'Runs', 'Memory', 'Calls', 'Restarts'].map((title) => (
                <th key={title} role="columnheader" scope="col" class={title.toLowerCase()}>
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup">
            {workers.map((worker) => (
              <WorkerRow key={worker.slot} worker={worker} died={deaths.get(worker.slot)} />
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}

interface WorkerRowProps {
  readonly worker: LiveWorker;
  /** Who died in this slot last. */
  readonly died: LiveWorker | undefined;
}

function WorkerRow({ worker, died }: WorkerRowProps): JSX.Element {
  const { id, pid, state, since, reason, overflow, running, ahead, rssBytes, calls, restarts } = worker;
  return (
    <tr role="row" class={hasDied(worker) ? 'died' : state} data-worker={id} data-pid={pid}>
      <th role="rowheader" scope="row" class="worker">
        {id}
        <small>
          {pid === undefined ? 'no process yet' : `pid ${pid}`}
          {overflow && ', overflow'}
        </small>
      </th>
      <td role="cell" class="state">
        <span class={`badge ${hasDied(worker) ? 'bad' : TONE[state]}`}>{state}</span>{' '}
        <Elapsed since={since} />
        {reason !== undefined && <small>{reason}</small>}
        {died !== undefined && died.id !== id && serverNow() - died.since < REMEMBERED_MS && (
          <small class="before">
            {died.id} {died.reason} <Elapsed since={died.since} /> ago
          </small>
        )}
      </td>
      <td role="cell" class="runs">
        {running.length === 0 && <span class="quiet">{state === 'ready' ? 'idle' : '–'}</span>}
        {running.slice(0, MOST_RUNNING).map((call, at) => (
          <Running key={at} call={call} />
        ))}
        {(running.length > MOST_RUNNING || ahead > 0) && (
          <small>
            {running.length > MOST_RUNNING && `${running.length - MOST_RUNNING} more run `}
            {ahead > 0 && `${plural(ahead, 'call')} sent ahead`}
          </small>
        )}
      </td>
      <td role="cell" class="memory number" data-label="Memory">
        {bytes(rssBytes)}
      </td>
      <td role="cell" class="calls number" data-label="Calls">
        {count(calls)}
      </td>
      <td role="cell" class={`restarts number ${restarts > 0 ? 'some' : ''}`} data-label="Restarts">
        {count(restarts)}
      </td>
    </tr>
  );
}

function Running({ call }: { readonly call: LiveRunning }): JSX.Element {
  return (
    <span class="running">
      <code>{call.function}</code>
      {call.kind === 'stream' && <span class="quiet">stream</span>}
      <Elapsed since={call.since} fromMs={CERTAIN_MS} />
      {call.session !== undefined && <span class="quiet session">{call.session}</span>}
    </span>
  );
}

function sizeOf({ size, overflow }: LivePool): string {
  return overflow === 0 ? `size ${size}` : `size ${size}, up to ${overflow} more under load`;
}
