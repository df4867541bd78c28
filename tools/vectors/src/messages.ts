import { TYPE } from './bytes.js';

const HELLO = {
  protocol: [1, 1],
  runtime: '0.1.0',
  python: '3.11.7',
  implementation: 'cpython',
  pid: 4711,
  codecs: ['json'],
  capabilities: ['stream'],
};
const WELCOME = {
  protocol: 1,
  codec: 'json',
  workerId: 'pool-0.3',
  pool: 'pool',
  slot: 0,
  incarnation: 'd41d8cd98f',
  modules: [{ prefix: '', source: '/srv/embeddings.py', kind: 'path' }],
  expose: null,
  limits: { maxFrameBytes: 67108864, maxBufferBytes: 1073741824 },
  integers: 'auto',
  unencodable: 'error',
  parentPid: 4242,
  parentDeathSignal: true,
  concurrency: 1,
  engine: 'sync',
  logLevel: 20,
  rlimits: [],
  outputToken: 'c2e1f0',
};
const FUNCTION = {
  name: 'embed',
  stream: false,
  async: false,
  idempotent: false,
  timeoutSeconds: null,
  concurrency: null,
  cancel: 'interrupt',
};
const SIGNATURE = {
  doc: 'Make it smaller.',
  parameters: [
    {
      name: 'image',
      kind: 'positional',
      required: true,
      hint: 'bytes',
      schema: { contentMediaType: 'application/octet-stream' },
    },
    {
      name: 'ratio',
      kind: 'either',
      required: false,
      hint: 'float',
      schema: { type: 'number' },
      default: 1.5,
    },
    { name: 'rest', kind: 'rest', required: false, hint: null, schema: {} },
    { name: 'mode', kind: 'keyword', required: false, hint: null, schema: {}, default: null },
    { name: 'others', kind: 'keywords', required: false, hint: null, schema: {} },
  ],
  returns: { hint: 'bytes', schema: { contentMediaType: 'application/octet-stream' } },
};
const LOG = {
  source: 'logging',
  level: 'INFO',
  logger: 'app',
  message: 'hello',
  time: 1763892000.25,
  callId: null,
  function: null,
  session: null,
  exception: null,
  handled: false,
  dropped: 0,
};
const AT = { file: '/srv/users.py', line: 12, function: 'find', code: 'time.sleep(60)' };
const DUMPED = {
  n: 3,
  threads: [
    { id: 139872136931200, name: 'MainThread', main: true, frames: [AT, { ...AT, line: 40, code: null }] },
    { id: 139872136931000, name: null, main: false, frames: [] },
  ],
  tasks: [{ name: 'Task-1', frames: [AT] }],
  calls: [{ id: 7, frames: [AT] }],
};
const MAP = { segment: 1, channel: 'requests', bytes: 1048576, thresholdBytes: 262144 };
const MAPPED = { segment: 1, fd: 9, token: '00112233445566778899aabbccddeeff', error: null };
const ERROR = {
  kind: 'python',
  message: 'no such user',
  type: 'KeyError',
  module: 'builtins',
  args: ['no such user', 5],
  traceback: 'Traceback (most recent call last):\n',
  frames: [{ file: '/srv/users.py', line: 12, function: 'find', code: 'raise KeyError(name)' }],
  notes: ['while looking for a user'],
  cause: null,
  context: null,
  suppressContext: false,
  exceptions: null,
};
const CAUSED = { ...ERROR, cause: { ...ERROR, message: 'the cause', frames: [] }, suppressContext: true };

/** messages.json: the envelopes of control messages, errors and calls, right and wrong, and how versions are agreed. */
export function messageVectors(): unknown {
  return {
    valid: valid(),
    malformed: malformed(),
    calls: calls(),
    malformedCalls: malformedCalls(),
    errors: errors(),
    malformedErrors: malformedErrors(),
    negotiation: negotiation(),
  };
}

function message(name: string, type: keyof typeof TYPE, value: unknown): unknown {
  return { name, type: TYPE[type], text: typeof value === 'string' ? value : JSON.stringify(value) };
}

function valid(): unknown[] {
  return [
    message('HELLO', 'HELLO', HELLO),
    message('HELLO with a secret', 'HELLO', { ...HELLO, secret: 'hunter2' }),
    message('HELLO of a newer peer', 'HELLO', {
      ...HELLO,
      protocol: [1, 3],
      codecs: ['json', 'cbor'],
      extra: [1],
    }),
    message('WELCOME', 'WELCOME', WELCOME),
    message('WELCOME with modules by name and functions to expose', 'WELCOME', {
      ...WELCOME,
      modules: [
        { prefix: 'a', source: 'package.a', kind: 'name' },
        { prefix: 'b', source: '/srv/b.py', kind: 'path' },
      ],
      expose: ['a.f', 'b.g'],
      integers: 'bigint',
      unencodable: 'marker',
    }),
    message('WELCOME with limits of the kernel', 'WELCOME', {
      ...WELCOME,
      rlimits: [
        { name: 'nofile', soft: 256, hard: null },
        { name: 'core', soft: 0, hard: 0 },
        { name: 'as', soft: 4294967296, hard: -1 },
      ],
    }),
    message('WELCOME that asks for signatures', 'WELCOME', { ...WELCOME, signatures: true }),
    message('WELCOME of a newer peer', 'WELCOME', { ...WELCOME, extra: { a: 1 } }),
    message('READY without functions', 'READY', { functions: [] }),
    message('READY', 'READY', {
      functions: [
        FUNCTION,
        { ...FUNCTION, name: 'generate', stream: true, async: true, timeoutSeconds: 2.5, concurrency: 4 },
        { ...FUNCTION, name: 'commit', cancel: 'cooperative' },
        { ...FUNCTION, name: 'train', cancel: 'kill' },
      ],
    }),
    message('READY with signatures', 'READY', {
      functions: [
        { ...FUNCTION, signature: SIGNATURE },
        { ...FUNCTION, name: 'g', signature: { doc: null, parameters: null, returns: null } },
      ],
    }),
    message('PING', 'PING', { n: 0 }),
    message('PING with white space', 'PING', ' { "n" : 1 } '),
    message('PONG of an idle worker', 'PONG', { n: 1, running: null, busyMs: 0 }),
    message('PONG of a busy worker', 'PONG', { n: 1, running: 17, busyMs: 250.5 }),
    message('CANCEL leave', 'CANCEL', { mode: 'leave' }),
    message('CANCEL interrupt', 'CANCEL', { mode: 'interrupt' }),
    message('CREDIT', 'CREDIT', { n: 64 }),
    message('CREDIT in bytes, too', 'CREDIT', { n: 1, bytes: 4096 }),
    message('REVOKE', 'REVOKE', { ids: [1, 2] }),
    message('PULL', 'PULL', { input: 0, n: 64, bytes: 1048576 }),
    message('INPUT', 'INPUT', [0, 'a', null]),
    message('INPUT_END', 'INPUT_END', { input: 1, error: null }),
    message('INPUT_END with an error', 'INPUT_END', {
      input: 0,
      error: { name: 'TypeError', message: 'no' },
    }),
    message('REVOKED', 'REVOKED', { ids: [] }),
    message('SHUTDOWN', 'SHUTDOWN', {}),
    message('LOG', 'LOG', LOG),
    message('LOG of a call in a session', 'LOG', {
      ...LOG,
      callId: 5,
      function: 'embed',
      session: 'user-42',
    }),
    message('LOG of a call in a trace', 'LOG', {
      ...LOG,
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    }),
    message('LOG with a traceback, after some were lost', 'LOG', {
      ...LOG,
      level: 'ERROR',
      exception: 'Traceback (most recent call last):\nKeyError: 1',
      handled: true,
      dropped: 12,
    }),
    message('LOG of a warning', 'LOG', {
      ...LOG,
      source: 'warnings',
      level: 'WARNING',
      logger: 'py.warnings',
    }),
    message('EVENT with a message', 'EVENT', { event: 'suggestion', message: 'use the async engine' }),
    message('EVENT with an error', 'EVENT', { event: 'thread-exception', error: ERROR }),
    message('EVENT that nobody knows yet', 'EVENT', { event: 'later', more: true }),
    message('DUMP', 'DUMP', { n: 3 }),
    message('DUMPED', 'DUMPED', DUMPED),
    message('DUMPED of an idle worker', 'DUMPED', { n: 0, threads: [], tasks: null, calls: [] }),
    message('MAP', 'MAP', MAP),
    message('MAP for replies', 'MAP', { ...MAP, channel: 'replies' }),
    message('MAPPED', 'MAPPED', MAPPED),
    message('MAPPED of none', 'MAPPED', { segment: 1, fd: null, token: null, error: 'no memory' }),
    message('OPENED', 'OPENED', { segment: 1 }),
    message('RELEASE', 'RELEASE', { segments: [1, 2] }),
    message('RELEASED', 'RELEASED', { segments: [1] }),
    message('UNMAP', 'UNMAP', { segments: [1] }),
    message('UNMAPPED', 'UNMAPPED', { segments: [1] }),
  ];
}

function malformed(): unknown[] {
  const without = (object: Readonly<Record<string, unknown>>, key: string): unknown => {
    const { [key]: _left, ...rest } = object;
    return rest;
  };
  return [
    message('no JSON', 'PING', '{"n":'),
    message('nothing', 'PING', ''),
    message('an array', 'PING', []),
    message('null', 'SHUTDOWN', null),
    message('PING without a number', 'PING', {}),
    message('PING with text', 'PING', { n: '1' }),
    message('PING with a fraction', 'PING', { n: 1.5 }),
    message('PING with a negative number', 'PING', { n: -1 }),
    message('PING with true', 'PING', { n: true }),
    message('PING beyond 2^53', 'PING', '{"n":9007199254740993}'),
    message('PONG without running', 'PONG', { n: 1, busyMs: 0 }),
    message('PONG running call 0', 'PONG', { n: 1, running: 0, busyMs: 0 }),
    message('PONG busy for longer than a number says', 'PONG', '{"n":1,"running":null,"busyMs":1e400}'),
    message('CANCEL without a mode', 'CANCEL', {}),
    message('CANCEL with an unknown mode', 'CANCEL', { mode: 'kill' }),
    message('CREDIT of nothing', 'CREDIT', { n: 0 }),
    message('CREDIT taken back', 'CREDIT', { n: -5 }),
    message('CREDIT with bytes taken back', 'CREDIT', { n: 1, bytes: -1 }),
    message('REVOKE of text', 'REVOKE', { ids: ['1'] }),
    message('PULL of nothing', 'PULL', { input: 0, n: 0, bytes: 1 }),
    message('PULL of no input', 'PULL', { n: 1, bytes: 1 }),
    message('INPUT without an item', 'INPUT', [0]),
    message('INPUT of no input', 'INPUT', ['a', 'b']),
    message('INPUT in an object', 'INPUT', { 0: 0 }),
    message('INPUT_END that does not say why', 'INPUT_END', { input: 0 }),
    message('INPUT_END with a text', 'INPUT_END', { input: 0, error: 'no' }),
    message('REVOKE of call 0', 'REVOKE', { ids: [0] }),
    message('HELLO without a protocol', 'HELLO', without(HELLO, 'protocol')),
    message('HELLO with one version', 'HELLO', { ...HELLO, protocol: 1 }),
    message('HELLO with three versions', 'HELLO', { ...HELLO, protocol: [1, 2, 3] }),
    message('HELLO with a pid of text', 'HELLO', { ...HELLO, pid: '4711' }),
    ...Object.keys(WELCOME).map((key) => message(`WELCOME without ${key}`, 'WELCOME', without(WELCOME, key))),
    message('WELCOME with an unknown codec', 'WELCOME', { ...WELCOME, codec: 'pickle' }),
    message('WELCOME with a module of no kind', 'WELCOME', {
      ...WELCOME,
      modules: [{ prefix: '', source: 'a' }],
    }),
    message('WELCOME with a limit of text', 'WELCOME', {
      ...WELCOME,
      limits: { maxFrameBytes: '64', maxBufferBytes: 1 },
    }),
    message('WELCOME with a limit of the kernel below unlimited', 'WELCOME', {
      ...WELCOME,
      rlimits: [{ name: 'nofile', soft: -2, hard: null }],
    }),
    message('WELCOME with an unknown choice of integers', 'WELCOME', { ...WELCOME, integers: 'round' }),
    message('WELCOME with no concurrency', 'WELCOME', { ...WELCOME, concurrency: 0 }),
    message('READY without functions', 'READY', {}),
    message('READY with a function without a name', 'READY', { functions: [without(FUNCTION, 'name')] }),
    message('READY with an unknown way to cancel', 'READY', { functions: [{ ...FUNCTION, cancel: 'ask' }] }),
    message('WELCOME with signatures of text', 'WELCOME', { ...WELCOME, signatures: 'all' }),
    ...Object.keys(SIGNATURE).map((key) =>
      message(`READY with a signature without ${key}`, 'READY', {
        functions: [{ ...FUNCTION, signature: without(SIGNATURE, key) }],
      }),
    ),
    message('READY with an unknown kind of parameter', 'READY', {
      functions: [
        {
          ...FUNCTION,
          signature: { ...SIGNATURE, parameters: [{ ...SIGNATURE.parameters[0], kind: 'any' }] },
        },
      ],
    }),
    message('LOG without a level', 'LOG', without(LOG, 'level')),
    message('LOG with a time of text', 'LOG', { ...LOG, time: 'now' }),
    message('LOG without a function', 'LOG', without(LOG, 'function')),
    message('LOG of an unknown source', 'LOG', { ...LOG, source: 'stdout' }),
    message('LOG with a negative count of losses', 'LOG', { ...LOG, dropped: -1 }),
    message('EVENT without a name', 'EVENT', { message: 'x' }),
    ...Object.keys(MAP).map((key) => message(`MAP without ${key}`, 'MAP', without(MAP, key))),
    message('MAP of nothing', 'MAP', { ...MAP, bytes: 0 }),
    message('MAP of segment 0', 'MAP', { ...MAP, segment: 0 }),
    message('MAP for control', 'MAP', { ...MAP, channel: 'control' }),
    ...Object.keys(MAPPED).map((key) => message(`MAPPED without ${key}`, 'MAPPED', without(MAPPED, key))),
    message('MAPPED with a negative descriptor', 'MAPPED', { ...MAPPED, fd: -1 }),
    message('OPENED of segment 0', 'OPENED', { segment: 0 }),
    message('RELEASE of nothing', 'RELEASE', { segments: [] }),
    message('RELEASE of text', 'RELEASE', { segments: ['1'] }),
    message('RELEASED of segment 0', 'RELEASED', { segments: [0] }),
    message('UNMAP of segment 0', 'UNMAP', { segments: [0] }),
    message('UNMAPPED of nothing', 'UNMAPPED', {}),
    message('DUMP without a number', 'DUMP', {}),
    message('DUMP with a number of text', 'DUMP', { n: '3' }),
    ...Object.keys(DUMPED).map((key) => message(`DUMPED without ${key}`, 'DUMPED', without(DUMPED, key))),
    message('DUMPED with a thread without a name', 'DUMPED', {
      ...DUMPED,
      threads: [{ id: 1, main: true, frames: [] }],
    }),
    message('DUMPED with a task without frames', 'DUMPED', { ...DUMPED, tasks: [{ name: 'Task-1' }] }),
    message('DUMPED with call 0', 'DUMPED', { ...DUMPED, calls: [{ id: 0, frames: [] }] }),
    message('DUMPED with a frame without a line', 'DUMPED', {
      ...DUMPED,
      calls: [{ id: 1, frames: [{ file: '/srv/a.py', function: 'f', code: null }] }],
    }),
  ];
}

function calls(): unknown[] {
  const call = (
    name: string,
    text: string,
    parsed: Readonly<Record<string, unknown>>,
    tagged = false,
  ): unknown => ({
    name,
    text,
    tagged,
    buffers: [],
    parsed: { args: [], kwargs: {}, meta: {}, ...parsed },
  });
  const meta = {
    session: { id: 'user-42', metadata: { plan: 'free' } },
    attributes: { tenant: 'a' },
    deadline: 1763892000123,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    tracestate: 'vendor=t61rcWkgMzE',
    credit: 64,
    creditBytes: 4194304,
    parent: 3,
    inputs: [0, 'b'],
  };
  return [
    call('a name alone', '["f"]', { name: 'f' }),
    call('positional arguments', '["f",[1,"a"]]', { name: 'f', args: [1, 'a'] }),
    call('positional arguments and a deadline', '["f",[1],null,{"deadline":1763892000123}]', {
      name: 'f',
      args: [1],
      meta: { deadline: 1763892000123 },
    }),
    call(
      'keyword arguments, a deadline and a trace',
      '["f",null,{"a":1},{"deadline":1763892000123,"traceparent":"00-1-2-00"}]',
      { name: 'f', kwargs: { a: 1 }, meta: { deadline: 1763892000123, traceparent: '00-1-2-00' } },
    ),
    call('keyword arguments', '["f",null,{"a":1}]', { name: 'f', kwargs: { a: 1 } }),
    call('both', '["a.f",[1],{"b":2}]', { name: 'a.f', args: [1], kwargs: { b: 2 } }),
    call('everything', JSON.stringify(['f', [1], { b: 2 }, meta]), {
      name: 'f',
      args: [1],
      kwargs: { b: 2 },
      meta,
    }),
    call('meta alone', '["f",null,null,{"credit":1}]', { name: 'f', meta: { credit: 1 } }),
    call('all parts null', '["f",null,null,null]', { name: 'f' }),
    call('a session without metadata', '["f",[],{},{"session":{"id":"s"}}]', {
      name: 'f',
      meta: { session: { id: 's' } },
    }),
    call('keys of meta that nobody knows yet', '["f",[],{},{"later":1}]', { name: 'f', meta: { later: 1 } }),
    call('an argument that looks like a tag', '["f",[{"$":["int","5"]}]]', {
      name: 'f',
      args: [{ '@': 'object', fields: [['$', ['int', '5']]] }],
    }),
    call(
      'tagged arguments',
      '["f",[{"$":["int","9007199254740993"]}],{"x":{"$":["float","nan"]}}]',
      {
        name: 'f',
        args: [{ '@': 'int', text: '9007199254740993' }],
        kwargs: { x: { '@': 'float', text: 'nan' } },
      },
      true,
    ),
    call(
      'a keyword named "$"',
      '["f",[{"$":["float","inf"]}],{"$":["object",{"$":1}]}]',
      {
        name: 'f',
        args: [{ '@': 'float', text: 'inf' }],
        kwargs: { '@': 'object', fields: [['$', 1]] },
      },
      true,
    ),
  ];
}

function malformedCalls(): unknown[] {
  const bad = (name: string, value: unknown, tagged = false): unknown => ({
    name,
    text: typeof value === 'string' ? value : JSON.stringify(value),
    tagged,
    buffers: [],
  });
  return [
    bad('no JSON', '["f"'),
    bad('an object', { name: 'f' }),
    bad('an empty array', []),
    bad('no name', [null, []]),
    bad('a name that is a number', [5]),
    bad('positional arguments in an object', ['f', { 0: 1 }]),
    bad('keyword arguments in an array', ['f', [], [1]]),
    bad('meta in an array', ['f', [], {}, [1]]),
    bad('five parts', ['f', [], {}, {}, {}]),
    bad('credit of nothing', ['f', [], {}, { credit: 0 }]),
    bad('inputs of none', ['f', [1], {}, { inputs: [] }]),
    bad('an input behind the arguments', ['f', [1], {}, { inputs: [1] }]),
    bad('an input of another name', ['f', [1], { a: 1 }, { inputs: ['b'] }]),
    bad('an input in half a place', ['f', [1], {}, { inputs: [0.5] }]),
    bad('credit of no bytes', ['f', [], {}, { credit: 1, creditBytes: 0 }]),
    bad('a trace parent that is no text', ['f', [], {}, { traceparent: 1 }]),
    bad('a trace state that is no text', ['f', [], {}, { traceparent: '00', tracestate: null }]),
    bad('a session of text', ['f', [], {}, { session: 'user-42' }]),
    bad('a session without an id', ['f', [], {}, { session: { metadata: {} } }]),
    bad('attributes in an array', ['f', [], {}, { attributes: [1] }]),
    bad('keyword arguments in an array, and a deadline', ['f', [], [1], { deadline: 1 }]),
    bad('a deadline of text', ['f', [], {}, { deadline: 'soon' }]),
    bad('a deadline that is infinite', '["f",null,null,{"deadline":1e400}]'),
    bad('a deadline of 400 digits', `["f",null,null,{"deadline":1${'0'.repeat(400)}}]`),
    bad('a trace of numbers', ['f', [], {}, { traceparent: 1 }]),
    bad('a state of a trace in an object', ['f', [], {}, { traceparent: '', tracestate: {} }]),
    bad('a parent of 0', ['f', [], {}, { parent: 0 }]),
    bad('positional arguments in a tagged tuple', '["f",{"$":["tuple",[1]]}]', true),
    bad(
      'a malformed tag behind an argument that cannot exist',
      '["f",[{"$":["decimal","abc"]}],{"a":{"$":["int","x"]}}]',
      true,
    ),
    bad('keyword arguments whose names are numbers', '["f",[],{"$":["map",[[1,2]]]}]', true),
    bad('keyword arguments in a tagged set', '["f",[],{"$":["set",[]]}]', true),
  ];
}

function errors(): unknown[] {
  const error = (name: string, code: string, outcome: string, object: unknown): unknown => ({
    name,
    text: JSON.stringify(object),
    code,
    outcome,
  });
  return [
    error('an exception', 'python-error', 'finished', ERROR),
    error('an exception with a cause', 'python-error', 'finished', CAUSED),
    error('an exception in a context', 'python-error', 'finished', { ...ERROR, context: ERROR }),
    error('a group', 'python-error', 'finished', {
      ...ERROR,
      type: 'ExceptionGroup',
      exceptions: [ERROR, CAUSED],
    }),
    error('a failure', 'python-error', 'finished', {
      ...ERROR,
      kind: 'fail',
      code: 'no-such-user',
      data: { id: 5 },
    }),
    error('a failure without data', 'python-error', 'finished', {
      ...ERROR,
      kind: 'fail',
      code: 'x',
      data: null,
    }),
    error('a failure that does not mention data', 'python-error', 'finished', {
      kind: 'fail',
      message: 'x',
      code: 'x',
    }),
    error('an unknown function', 'unknown-function', 'not-started', {
      kind: 'unknown-function',
      message: "no function named 'f' is exposed",
      name: 'f',
      suggestions: ['g'],
    }),
    error('arguments that do not fit', 'invalid-arguments', 'not-started', {
      kind: 'invalid-arguments',
      message: "missing a required argument: 'a'",
      signature: 'f(a, b=0)',
    }),
    error('arguments that a handler found wrong when it had begun', 'invalid-arguments', 'finished', {
      kind: 'invalid-arguments',
      message: 'embed() was called with wrong arguments',
      started: true,
    }),
    error('arguments that cannot exist', 'invalid-arguments', 'not-started', {
      ...ERROR,
      kind: 'invalid-arguments',
      message: 'args[0] is no decimal',
      signature: null,
    }),
    error('a result that cannot be encoded', 'unencodable', 'finished', {
      kind: 'unencodable',
      message: 'result.rows[3].owner is a app.Owner, which cannot be encoded',
      path: 'result.rows[3].owner',
      type: 'app.Owner',
    }),
    error('a result that is too large', 'frame-too-large', 'finished', {
      kind: 'frame-too-large',
      message: 'an envelope of 2 bytes is over the limit of 1 bytes',
      bytes: 2,
      limit: 1,
    }),
    error('a call that was cancelled', 'aborted', 'finished', {
      kind: 'cancelled',
      message: 'the call was cancelled',
      started: true,
    }),
    error('a call that was cancelled, whose batch runs on', 'aborted', 'unknown', {
      kind: 'cancelled',
      message: 'the call was cancelled',
      started: true,
      runsOn: true,
    }),
    error('a call that was cancelled before it began', 'aborted', 'not-started', {
      kind: 'cancelled',
      message: 'the call was cancelled',
      started: false,
    }),
  ];
}

function malformedErrors(): unknown[] {
  const bad = (name: string, object: unknown): unknown => ({ name, text: JSON.stringify(object) });
  return [
    bad('null', null),
    bad('text', 'no such user'),
    bad('an array', [ERROR]),
    bad('no kind', { message: 'x' }),
    bad('an unknown kind', { kind: 'panic', message: 'x' }),
    bad('no message', { ...ERROR, message: undefined }),
    bad('a message that is no text', { ...ERROR, message: 5 }),
    bad('args that are no array', { ...ERROR, args: 'x' }),
    bad('frames that are no array', { ...ERROR, frames: {} }),
    bad('a frame without a line', { ...ERROR, frames: [{ file: 'a', function: 'f', code: null }] }),
    bad('notes that are no texts', { ...ERROR, notes: [1] }),
    bad('a cause that is no error', { ...ERROR, cause: 'x' }),
    bad('members that are no array', { ...ERROR, exceptions: 'x' }),
    bad('a failure without a code', { kind: 'fail', message: 'x' }),
    bad('an unknown function without a name', { kind: 'unknown-function', message: 'x' }),
    bad('unencodable without a path', { kind: 'unencodable', message: 'x', type: 'a.B' }),
    bad('too large without a size', { kind: 'frame-too-large', message: 'x', limit: 1 }),
  ];
}

function negotiation(): unknown[] {
  const agree = (ours: readonly number[], theirs: readonly number[], version: number | null): unknown => ({
    ours,
    theirs,
    version,
  });
  return [
    agree([1, 1], [1, 1], 1),
    agree([1, 3], [2, 5], 3),
    agree([2, 5], [1, 3], 3),
    agree([1, 9], [4, 4], 4),
    agree([1, 1], [2, 3], null),
    agree([4, 5], [1, 3], null),
  ];
}
