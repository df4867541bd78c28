import { describe, expect, it } from 'vitest';
import { CommunicationError } from '../errors/errors.js';
import { type Frame, FrameType } from '../frame/frame.js';
import { createValueCodec } from '../value/codec.js';
import { encodeMessage } from './encode.js';
import type { Hello, Ready, Welcome } from './messages.js';
import {
  parseCancel,
  parseCredit,
  parseError,
  parseEvent,
  parseHello,
  parseItems,
  parseLog,
  parsePing,
  parsePong,
  parseReady,
  parseRevoked,
  parseWelcome,
} from './parse.js';
import { negotiate } from './version.js';

const hello: Hello = {
  protocol: [1, 2],
  runtime: '0.1.0',
  python: '3.11.7',
  implementation: 'cpython',
  pid: 5,
  codecs: ['json'],
  capabilities: ['stream'],
};
const welcome: Welcome = {
  protocol: 1,
  codec: 'json',
  workerId: 'pool-0.3',
  pool: 'pool',
  slot: 0,
  incarnation: 'x',
  modules: [{ prefix: '', source: '/a.py', kind: 'path' }],
  expose: null,
  limits: { maxFrameBytes: 1, maxBufferBytes: 2 },
  integers: 'auto',
  unencodable: 'error',
  parentPid: 4,
  parentDeathSignal: true,
  concurrency: 1,
  logLevel: 20,
  rlimits: [{ name: 'nofile', soft: 256, hard: null }],
  outputToken: 'token',
  engine: 'sync',
};
const ready: Ready = {
  functions: [
    {
      name: 'f',
      stream: false,
      async: true,
      idempotent: false,
      timeoutSeconds: null,
      concurrency: 2,
      cancel: 'kill',
    },
  ],
};

function control(type: number, envelope: unknown): Frame {
  return { type, tagged: false, callId: 0, envelope: JSON.stringify(envelope), buffers: [] };
}

describe('control messages', () => {
  it('come back as they were sent', () => {
    expect(parseHello(encodeMessage(FrameType.HELLO, hello))).toEqual(hello);
    expect(parseHello(encodeMessage(FrameType.HELLO, { ...hello, secret: 's' })).secret).toBe('s');
    expect(parseWelcome(encodeMessage(FrameType.WELCOME, welcome))).toEqual(welcome);
    for (const engine of ['async', 'threads'] as const) {
      const other = { ...welcome, engine, concurrency: 8 };
      expect(parseWelcome(encodeMessage(FrameType.WELCOME, other))).toEqual(other);
    }
    expect(parseReady(encodeMessage(FrameType.READY, ready))).toEqual(ready);
    expect(parsePing(encodeMessage(FrameType.PING, { n: 3 }))).toEqual({ n: 3 });
    expect(parsePong(encodeMessage(FrameType.PONG, { n: 3, running: null, busyMs: 0.5 }))).toEqual({
      n: 3,
      running: null,
      busyMs: 0.5,
    });
    expect(parseCancel(encodeMessage(FrameType.CANCEL, { mode: 'leave' }, 7))).toEqual({ mode: 'leave' });
    expect(parseCredit(encodeMessage(FrameType.CREDIT, { n: 64 }, 7))).toEqual({ n: 64 });
    expect(parseCredit(encodeMessage(FrameType.CREDIT, { n: 1, bytes: 9 }, 7))).toEqual({ n: 1, bytes: 9 });
    expect(parseRevoked(encodeMessage(FrameType.REVOKED, { ids: [1, 2] }))).toEqual({ ids: [1, 2] });
    const log = {
      source: 'logging' as const,
      level: 'INFO',
      logger: 'a',
      message: 'm',
      time: 1.5,
      callId: 1,
      function: 'f',
      session: null,
      exception: null,
      handled: false,
      dropped: 3,
    };
    expect(parseLog(encodeMessage(FrameType.LOG, log))).toEqual(log);
    expect(encodeMessage(FrameType.CREDIT, { n: 1 }, 7).callId).toBe(7);
    expect(encodeMessage(FrameType.SHUTDOWN, {}).callId).toBe(0);
  });

  it('may say more than this version knows', () => {
    expect(parseHello(control(FrameType.HELLO, { ...hello, moon: 'full' }))).toEqual(hello);
    expect(parseEvent(control(FrameType.EVENT, { event: 'eclipse', message: 'soon' }))).toEqual({
      event: 'eclipse',
      message: 'soon',
      error: undefined,
    });
  });

  it('carry errors as errors', () => {
    const error = { kind: 'python', message: 'no', type: 'ValueError', module: 'builtins' };
    expect(parseEvent(control(FrameType.EVENT, { event: 'thread-exception', error })).error).toMatchObject({
      code: 'python-error',
      pythonType: 'ValueError',
    });
    expect(parseError(control(FrameType.START_FAILED, error))).toMatchObject({ message: 'ValueError: no' });
  });

  it.each<[string, (frame: Frame) => unknown, unknown]>([
    ['HELLO', parseHello, { ...hello, pid: '5' }],
    ['HELLO', parseHello, { ...hello, protocol: [1] }],
    ['WELCOME', parseWelcome, { ...welcome, engine: 'steam' }],
    ['READY', parseReady, { functions: {} }],
    ['PONG', parsePong, []],
    ['CREDIT', parseCredit, { n: 0 }],
    ['CANCEL', parseCancel, { mode: 'maybe' }],
    ['REVOKED', parseRevoked, { ids: [0] }],
    ['LOG', parseLog, null],
    ['EVENT', parseEvent, { event: 1 }],
    ['EVENT', parseEvent, { event: 'e', error: { kind: 'nonsense' } }],
    ['START_FAILED', parseError, {}],
  ])('of another shape are a protocol error: %s %#', (_name, parse, envelope) => {
    expect(() => parse(control(0, envelope))).toThrow(expect.objectContaining({ code: 'protocol' }));
  });

  it('are a protocol error, never an overflow, where errors are nested without end', () => {
    const open = '{"kind":"python","message":"","type":"E","module":"m","cause":';
    for (const depth of [100, 400, 510, 100_000]) {
      const envelope = open.repeat(depth) + 'null' + '}'.repeat(depth);
      const parse = (text: string, read: (frame: Frame) => unknown): unknown => {
        try {
          return read({ ...control(0, null), envelope: text });
        } catch (error) {
          return error;
        }
      };
      const refused = depth > 512 ? { code: 'protocol' } : undefined;
      expect(parse(envelope, parseError)).toMatchObject(refused ?? { code: 'python-error' });
      expect(parse(`{"event":"e","error":${envelope}}`, parseEvent)).toMatchObject(refused ?? { event: 'e' });
    }
  });
});

describe('items', () => {
  const codec = createValueCodec();

  it('are one or more values', () => {
    expect(parseItems(control(FrameType.ITEM, [1, null]), codec)).toEqual([1, null]);
    for (const envelope of [[], null, { 0: 1, length: 1 }]) {
      expect(() => parseItems(control(FrameType.ITEM, envelope), codec)).toThrow(CommunicationError);
    }
  });
});

describe('the version', () => {
  it('is the highest that both sides speak', () => {
    expect(negotiate([1, 1], [1, 1])).toBe(1);
    expect(negotiate([1, 3], [2, 5])).toBe(3);
    expect(negotiate([1, 5], [2, 4])).toBe(4);
  });

  it('is an error that names both ranges where there is none', () => {
    expect(() => negotiate([1, 1], [2, 4])).toThrow(/version 1.*versions 2 to 4/);
    expect(() => negotiate([3, 4], [1, 2])).toThrow(CommunicationError);
  });
});
