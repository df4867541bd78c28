import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Connection } from './feed.js';
import { bearerToken, setBearerToken } from './token.js';

export interface ConnectionBannerProps {
  readonly connection: Connection;
  readonly reconnect: () => void;
}

/** Says that the page is not live, and what is done about it; asks for the token where the server wants one. */
export function ConnectionBanner({ connection, reconnect }: ConnectionBannerProps): JSX.Element {
  return (
    <div class="banners">
      {/* The region is always there: what appears together with its region is not read out. The seconds stand outside of it. */}
      <p role="status" class={connection.kind === 'lost' ? 'banner warn' : 'hidden'}>
        {connection.kind === 'lost' &&
          `Connection lost, trying again. ${connection.why}; what you see is of before.`}
      </p>
      {connection.kind === 'lost' && (
        <p class="banner-tail">
          <Countdown until={connection.retryAt} />
          <button type="button" onClick={reconnect}>
            Try now
          </button>
        </p>
      )}
      {connection.kind === 'refused' && <TokenForm onToken={reconnect} />}
    </div>
  );
}

function Countdown({ until }: { readonly until: number }): JSX.Element {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.ceil((until - now) / 1000);
  return <span class="countdown">{seconds > 0 ? `in ${seconds} s` : 'now …'}</span>;
}

function TokenForm({ onToken }: { readonly onToken: () => void }): JSX.Element {
  const [token, setToken] = useState('');
  const had = bearerToken() !== undefined;
  return (
    <form
      class="banner token"
      onSubmit={(event) => {
        event.preventDefault();
        setBearerToken(token);
        onToken();
      }}
    >
      <label for="token">
        {had ? 'The server takes another token than this one.' : 'The server wants a bearer token.'} It is
        kept for this tab alone.
      </label>
      <input
        id="token"
        type="password"
        autocomplete="off"
        required
        value={token}
        onInput={({ currentTarget }) => setToken(currentTarget.value)}
      />
      <button type="submit" class="primary">
        Connect
      </button>
    </form>
  );
}
