import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenTime } from '../../../tools/test/given-time.js';
import type { Gateway } from '../src/gateway.js';
import { LiveListener } from './events.js';
import { gatewayFor, post, postBytes } from './gateway-for.js';

let gateway: Gateway;
let url: string;
beforeAll(async () => {
  gateway = await gatewayFor();
  url = gateway.url;
});
afterAll(() => gateway.close());

const problem = async (response: Response): Promise<any> => {
  expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  const body = (await response.json()) as { status: number };
  expect(body.status).toBe(response.status);
  return body;
};

describe('arguments', () => {
  it('are an object by name or an array by position', async () => {
    const points = [{ x: 1, y: 2 }];
    for (const body of [{ points }, [points]]) {
      const response = await post(`${url}/call/total`, body);
      expect([response.status, await response.json()]).toEqual([200, 3]);
    }
    expect(await (await post(`${url}/call/told`)).json()).toMatchObject({ session: null });
  });

  it.each([
    [{ a: 1 }, [1, 2, [], 3, {}]],
    [{ a: 1, b: 5, c: 6, d: 'x' }, [1, 5, [], 6, { d: 'x' }]],
    [
      [1, 5, 7, 8],
      [1, 5, [7, 8], 3, {}],
    ],
  ])('are bound as Python does: %j', async (body, bound) => {
    expect(await (await post(`${url}/call/bind`, body)).json()).toEqual(bound);
  });

  it.each<[string, unknown, [string, RegExp][]]>([
    ['total', {}, [['points', /^is missing$/]]],
    ['total', [], [['points', /^is missing$/]]],
    [
      'total',
      {
        points: [
          { x: 1, y: 2 },
          { x: 'one', y: 2 },
        ],
      },
      [['points[1].x', /must be number/]],
    ],
    [
      'total',
      { points: [], pionts: [] },
      [['pionts', /no parameter of total\(\) \(did you mean points\?\)/]],
    ],
    ['total', [[], 1], [['[1]', /one too many/]]],
    ['bind', { a: 1, d: 5 }, [['others', /must be string/]]],
    ['bind', [1, 2, 'x'], [['rest', /must be integer/]]],
    ['crop', { data: 'abc', width: '5' }, [['data', /application\/octet-stream/], ['width', /must be integer/]]], // prettier-ignore
    ['total', 5, [['body', /has to be an object .* or an array/]]],
  ])('of %s that are %j are refused with 400, which names the field', async (name, body, errors) => {
    const refused = await problem(await post(`${url}/call/${name}`, body));
    expect(refused).toMatchObject({ status: 400, code: 'invalid-arguments', outcome: 'not-started' });
    expect(refused.errors).toEqual(
      errors.map(([field, message]) => ({ field, message: expect.stringMatching(message) })),
    );
    expect(refused.detail).toContain(errors[0]![0]);
  });

  it('that are integers beyond 2^53 are refused where they are, for they would arrive rounded', async () => {
    const headers = { 'content-type': 'application/json' };
    const send = async (body: string) =>
      fetch(`${url}/call/echo`, { method: 'POST', headers, body: `{"value": ${body}}` });
    const refused = await problem(await send('{"ids": [1, 9007199254740993]}'));
    expect(refused).toMatchObject({ status: 400, code: 'invalid-arguments', outcome: 'not-started' });
    expect(refused.errors).toEqual([
      { field: 'value.ids[1]', message: expect.stringContaining('send it as a text') },
    ]);
    expect(await (await send('[-9007199254740991, 1e300, "9007199254740993"]')).text()).toBe(
      '[-9007199254740991,1e+300,"9007199254740993"]',
    );
    for (const width of ['9007199254740993', '1e400']) {
      const inQuery = await postBytes(`${url}/call/crop?width=${width}`, new Uint8Array(1));
      expect((await problem(inQuery)).errors).toEqual([{ field: 'width', message: expect.any(String) }]);
    }
  });

  it('that are numbers beyond what a float holds are refused where they are, for they would arrive as Infinity', async () => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' } };
    const refused = await problem(
      await fetch(`${url}/call/echo`, { ...init, body: '{"value": [1, -1e400]}' }),
    );
    expect(refused).toMatchObject({ status: 400, code: 'invalid-arguments', outcome: 'not-started' });
    expect(refused.errors).toEqual([
      {
        field: 'value[1]',
        message: 'is a number beyond 1.8e308 that would arrive as Infinity: send it as a text',
      },
    ]);
  });

  it('may be bytes, which are never base64, beside others in the query', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
    const response = await postBytes(`${url}/call/crop?width=3&mode=right`, bytes);
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([253, 254, 255]);
    const anything = await postBytes(`${url}/call/echo`, bytes);
    expect(new Uint8Array(await anything.arrayBuffer())).toEqual(bytes);
    const refused = await problem(await postBytes(`${url}/call/crop?width=wide&mode=up`, bytes));
    expect(refused.errors.map(({ field }: { field: string }) => field)).toEqual(['width', 'mode']);
  });

  it.each([
    ['total', 'body', 'fits no parameter'],
    ['crop?width=3&data=abc', 'data', 'is the body already'],
    ['crop?width=3&__proto__=1', '__proto__', 'is no name that a parameter can have here'],
  ])('that are bytes are refused where they are none or given twice: %s', async (path, field, message) => {
    const refused = await problem(await postBytes(`${url}/call/${path}`, new Uint8Array(3)));
    expect(refused).toMatchObject({ status: 400, errors: [{ field, message }] });
  });

  it('beside JSON are none in the query: they would be left out without a word', async () => {
    const refused = await problem(await post(`${url}/call/bind?b=7`, { a: 1 }));
    expect(refused).toMatchObject({ status: 400, code: 'invalid-arguments', outcome: 'not-started' });
    expect(refused.errors).toEqual([
      {
        field: 'b',
        message: 'is in the query, which is for what goes beside a body of bytes: put it into the body',
      },
    ]);
    expect((await post(`${url}/call/bind?`, { a: 1 })).status).toBe(200);
  });

  it('may be nothing, whatever type that is said to be of', async () => {
    for (const type of ['application/json', 'application/x-www-form-urlencoded']) {
      const init = { method: 'POST', headers: { 'content-type': type }, body: '' };
      expect((await fetch(`${url}/call/told`, init)).status, type).toBe(200);
    }
  });
});

describe('results', () => {
  it('are exact, where JSON holds them', async () => {
    expect(await (await post(`${url}/call/exact`)).text()).toBe(
      '{"integer":1152921504606846977,"decimal":"1.10","id":"00000000-0000-0000-0000-000000000001","bytes":"YWJj","set":[1]}',
    );
    expect(await (await post(`${url}/call/negative_zero`)).text()).toBe('[-0.0]');
    for (const value of [null, true, 0, 'ä', [], { a: [1.5] }])
      expect(await (await post(`${url}/call/echo`, { value })).json()).toEqual(value);
  });

  it('that JSON cannot hold are an error that names the place', async () => {
    expect(await problem(await post(`${url}/call/not_a_number`))).toMatchObject({
      status: 500,
      code: 'unencodable',
      outcome: 'finished',
      detail: expect.stringContaining('result[1] is NaN'),
    });
  });
});

describe('errors', () => {
  it.each([
    ['/call/fail', 500, 'python-error', 'finished'],
    ['/call/refuse', 422, 'python-error', 'finished'],
    ['/call/die', 502, 'worker-exited', 'unknown'],
    ['/call/coutn', 404, 'unknown-function', 'not-started'],
    ['/call/__class__', 404, 'unknown-function', 'not-started'],
    ['/nowhere', 404, 'not-found', 'not-started'],
  ])('of POST %s are problem documents', async (path, status, code, outcome) => {
    const body = await problem(await post(url + path));
    expect(body).toMatchObject({ status, code, outcome, type: `urn:pypool:error:${code}` });
    // Where Python was when it failed is for those who see the page.
    expect(JSON.stringify(body)).not.toMatch(/Traceback|served\.py/);
  });

  it('tell what a function refused with', async () => {
    const { failure, exception } = await problem(await post(`${url}/call/refuse`));
    expect(failure).toEqual({ code: 'too-late', data: { by: 3 } });
    expect(exception).toEqual({ type: 'Fail', module: 'pypool.errors' });
  });

  it.each(['/call/%zz', `/sessions/${'x'.repeat(2_000)}/call/echo`])(
    'tell paths that cannot be: %s',
    async (path) => {
      const { status, code } = await problem(await post(url + path));
      expect([status, code]).toEqual(path.includes('%') ? [400, 'bad-request'] : [414, 'bad-request']);
    },
  );

  it('serves nobody by a name that is not of this machine, which a page of another site could have given it', async () => {
    const asked = request(`${url}/sessions`, { headers: { host: 'rebound.example:80' } });
    const [response] = (await once(asked.end(), 'response')) as [IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(403);
  });

  it.each([
    ['a request line that is none', 'HELLO\r\n\r\n', 400],
    ['headers that are too long', `GET / HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ])('tell what is no HTTP that can be read: %s', async (_, bytes, status) => {
    const { hostname, port } = new URL(url);
    const client = connect(Number(port), hostname);
    client.end(bytes);
    const answer = await text(client);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain('\r\ncontent-type: application/problem+json; charset=utf-8\r\n');
    const body = answer.slice(answer.indexOf('\r\n\r\n') + 4);
    expect(JSON.parse(body)).toMatchObject({ status, code: 'bad-request', category: 'request' });
  });

  it('say nothing of what cannot be read to who waits for the answer of a request before it', async () => {
    await using live = await LiveListener.of(url);
    const { hostname, port } = new URL(url);
    const client = connect(Number(port), hostname);
    client.write(
      'POST /call/nap HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 6\r\n\r\n[3600]',
    );
    await live.next('log', ({ text }) => text === 'nap begins');
    client.write('HELLO\r\n\r\n');
    expect(await text(client)).toBe('');
    await live.next('log', ({ text }) => text === 'nap ended');
  });

  it('tell bodies that break off as HTTP', async () => {
    const { hostname, port } = new URL(url);
    const client = connect(Number(port), hostname);
    client.write(
      'POST /call/nap HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n2\r\n[1\r\nHELLO',
    );
    expect(await text(client)).toMatch(/^HTTP\/1.1 400 /);
  });

  it('serves who names no host, as a probe by HTTP/1.0 does, for no browser would', async () => {
    const { hostname, port } = new URL(url);
    const client = connect(Number(port), hostname);
    client.write('GET /healthz HTTP/1.0\r\n\r\n');
    expect(await text(client)).toMatch(/^HTTP\/1.1 200 /);
  });

  it('tell bodies that are too large, of another type, or no JSON', async () => {
    const type = (type: string) => ({ headers: { 'content-type': type }, method: 'POST' });
    const large = { ...type('application/json'), body: JSON.stringify('x'.repeat(17 * 1024 ** 2)) };
    expect(await problem(await fetch(`${url}/call/echo`, large))).toMatchObject({
      status: 413,
      code: 'body-too-large',
    });
    // The second is what curl says of a body unless it is told otherwise.
    for (const other of ['application/xml', 'application/x-www-form-urlencoded', 'text/plain']) {
      const init = { ...type(other), body: '{"value": 1}' };
      expect(await problem(await fetch(`${url}/call/echo`, init))).toMatchObject({
        status: 415,
        detail: `A body of ${other} cannot be read: send application/json, or bytes as application/octet-stream.`,
      });
    }
    for (const plain of ['application/json', 'application/octet-stream']) {
      const headers = { 'content-type': plain, 'content-encoding': 'gzip' };
      const init = { method: 'POST', headers, body: '{"value": 1}' };
      expect(await problem(await fetch(`${url}/call/echo`, init))).toMatchObject({ status: 415 });
    }
    const latin1 = { ...type('application/json'), body: Buffer.from('["\xe4"]', 'latin1') };
    expect(await problem(await fetch(`${url}/call/echo`, latin1))).toMatchObject({
      status: 400,
      detail: 'The body is not UTF-8.',
    });
    for (const [body, reason] of [
      ['{"value":', /Unexpected end/],
      ['{"value": 1, }', /position \d/],
      ['\uFEFF{"value": 1, }', /position \d/],
      ['{"__proto__":{"a":1}}', /a key that would change prototypes/],
      ['{"value":{"constructor":{"prototype":1}}}', /a key that would change prototypes/],
    ] as const)
      expect(
        await problem(await fetch(`${url}/call/echo`, { ...type('application/json'), body })),
      ).toMatchObject({
        status: 400,
        code: 'malformed-json',
        detail: expect.stringMatching(reason),
      });
  });
});

describe('headers', () => {
  it('limit the time of one call, which ends in Python, too', async () => {
    await using live = await LiveListener.of(url);
    const nap = async (ms: number) =>
      problem(await post(`${url}/call/nap`, [3600], { headers: { 'x-timeout-ms': String(ms) } }));
    // It has to have begun by then.
    const late = await givenTime(200, nap, ({ outcome }) => outcome === 'finished');
    expect(late).toMatchObject({ status: 504, category: 'timeout', outcome: 'finished' });
    await live.next('log', ({ text }) => text === 'nap ended');
  });

  it.each([
    ['x-timeout-ms', 'soon'],
    ['x-timeout-ms', '-1'],
    ['x-timeout-ms', '3600001'],
    ['x-timeout-ms', '1e308'],
    ['x-priority', 'high'],
    ['x-idempotent', 'perhaps'],
  ])('that cannot be read are refused: %s: %s', async (field, value) => {
    const response = await post(`${url}/call/told`, undefined, { headers: { [field]: value } });
    expect((await problem(response)).errors).toEqual([{ field, message: expect.any(String) }]);
  });
});

it('ends a call in Python whose client has gone', async () => {
  await using live = await LiveListener.of(url);
  const client = new AbortController();
  const call = post(`${url}/call/nap`, [3600], { signal: client.signal }).catch((error: unknown) => error);
  await live.next('log', ({ text }) => text === 'nap begins');
  client.abort();
  await live.next('log', ({ text }) => text === 'nap ended');
  expect(await call).toMatchObject({ name: 'AbortError' });
});
