import { useEffect, useRef, useState } from 'preact/hooks';
import { setServerTime, stopServerTime } from '../look/ticking.js';
import { Feed, type Connection, type NamedMessage } from './feed.js';
import { NOTHING_KNOWN, receive, type PageState } from './page-state.js';

/** Messages of this long are shown at once: under load hundreds may come, and each would draw the page. */
const TOGETHER_MS = 100;

export interface LiveFeed {
  readonly state: PageState;
  readonly connection: Connection;
  /** Connect now, with the token of now. */
  readonly reconnect: () => void;
}

/** What the feed has told so far, from a connection that lasts as long as the page. */
export function useFeed(): LiveFeed {
  const [state, setState] = useState(NOTHING_KNOWN);
  const [connection, setConnection] = useState<Connection>({ kind: 'connecting' });
  const feed = useRef<Feed>(undefined);

  useEffect(() => {
    let waiting: NamedMessage[] = [];
    const show = (): void => {
      const messages = waiting;
      waiting = [];
      setState((before) => messages.reduce(receive, before));
    };
    feed.current = new Feed({
      // Each message says that we are live: the same state again draws nothing.
      onConnection(now) {
        if (now.kind === 'lost') stopServerTime();
        setConnection((before) => (before.kind === 'live' && now.kind === 'live' ? before : now));
      },
      onMessage(named) {
        if (named.name === 'sample') setServerTime(named.message.time + 1000);
        waiting.push(named);
        if (waiting.length === 1) setTimeout(show, TOGETHER_MS);
      },
    });
    feed.current.connect();
  }, []);

  return { state, connection, reconnect: () => feed.current?.connect() };
}
