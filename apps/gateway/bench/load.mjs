// Asks one server as fast as it answers, in a process of its own: `node load.mjs URL SECONDS CONNECTIONS WARM_UP_SECONDS`. Prints a line of JSON.

import autocannon from 'autocannon';

const [url, seconds, connections, warmUp] = process.argv.slice(2);
const request = {
  url,
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ values: [3, 1, 4, 1, 5, 9, 2, 6], weight: 2 }),
  connections: Number(connections),
};
await autocannon({ ...request, duration: Number(warmUp) });
const { requests, latency, errors, non2xx } = await autocannon({ ...request, duration: Number(seconds) });
console.log(
  JSON.stringify({
    perSecond: requests.average,
    p50Ms: latency.p50,
    p99Ms: latency.p99,
    failed: errors + non2xx,
  }),
);
