import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { LivePool } from '../../../src/live/messages.js';
import type { Connection } from '../connect/feed.js';
import { ThemeSwitch } from './theme.js';
import { Elapsed } from './ticking.js';

export interface HeaderProps {
  readonly pool: LivePool | undefined;
  readonly connection: Connection;
}

const TONE = { healthy: 'ok', starting: 'warn', degraded: 'warn', failing: 'bad', closed: 'quiet' } as const;

/** Which pool, how it is, and whether what is shown is of now. */
export function Header({ pool, connection }: HeaderProps): JSX.Element {
  useEffect(() => {
    // For whoever has many tabs open: the trouble first.
    const trouble =
      connection.kind === 'lost' ? 'not live' : pool?.health === 'healthy' ? undefined : pool?.health;
    document.title = [trouble, pool?.name, 'pypool'].filter((part) => part !== undefined).join(' · ');
  }, [connection.kind, pool?.health, pool?.name]);
  return (
    <header class="top">
      <h1>
        <img src="./icon.svg" alt="" width="26" height="26" />
        pypool <small>{pool?.name ?? 'gateway'}</small>
      </h1>
      {pool !== undefined && (
        <p class="health">
          {/* Not live, the colour would say of now what was so before. */}
          <span class={`badge ${connection.kind === 'live' ? TONE[pool.health] : 'quiet'}`}>
            {pool.state === 'open' ? pool.health : pool.state}
          </span>
          <span class="reasons">{pool.reasons.join('; ')}</span>
        </p>
      )}
      <div class="tools">
        {pool !== undefined && (
          <span class="note uptime" title={`Python: ${pool.python}`}>
            up <Elapsed since={pool.startedAt} />
          </span>
        )}
        <span class={`link ${connection.kind}`}>{LINK[connection.kind]}</span>
        <ThemeSwitch />
      </div>
    </header>
  );
}

const LINK = { connecting: 'connecting', live: 'live', lost: 'not live', refused: 'locked' } as const;
