import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../errors/errors.js';
import { createValueCodec } from '../value/codec.js';
import { encodeCallEnvelope, type WireMeta } from './call-envelope.js';

const codec = createValueCodec();
const meta = { deadline: 5 };

describe('the envelope of a call', () => {
  it.each([
    [undefined, undefined, '["f"]'],
    [[], undefined, '["f"]'],
    [[1, undefined], undefined, '["f",[1,null]]'],
    [{ a: 1 }, undefined, '["f",null,{"a":1}]'],
    [{ args: [1], kwargs: { a: 2 } }, undefined, '["f",[1],{"a":2}]'],
    [{ args: [1] }, undefined, '["f",null,{"args":[1]}]'],
    [{ args: [1], kwargs: {}, more: 1 }, undefined, '["f",null,{"args":[1],"kwargs":{},"more":1}]'],
    [undefined, meta, '["f",null,null,{"deadline":5}]'],
    [[1], meta, '["f",[1],null,{"deadline":5}]'],
  ])('of %j with meta %j is %s', (args, withMeta, envelope) => {
    expect(encodeCallEnvelope(codec, 'f', args, withMeta)).toEqual({ envelope, tagged: false, buffers: [] });
  });

  it('says of each call what is its own, whatever the one before it said', () => {
    const texts = [
      ['f', { deadline: 5 }],
      ['g"', { deadline: 5 }],
      ['f', { deadline: 6 }],
      ['f', { deadline: 6, credit: 3 }],
      ['f', { credit: 3 }],
      ['f', { deadline: 5, attributes: { a: new Date(0) } }],
      ['f', { deadline: 5, tracestate: 'x=1' }],
      ['f', { deadline: 5, traceparent: '00-1-2-01', tracestate: 'x="1"' }],
      ['f', { deadline: 6, traceparent: '00-1-2-00', inputs: [0] }],
      ['f', { deadline: 5 }],
    ].map(([name, each]) => encodeCallEnvelope(codec, name as string, [], each as WireMeta).envelope);
    expect(texts).toEqual([
      '["f",[],null,{"deadline":5}]',
      '["g\\"",[],null,{"deadline":5}]',
      '["f",[],null,{"deadline":6}]',
      '["f",[],null,{"deadline":6,"credit":3}]',
      '["f",[],null,{"credit":3}]',
      '["f",[],null,{"deadline":5,"attributes":{"a":{"$":["datetime","1970-01-01T00:00:00.000+00:00"]}}}]',
      '["f",[],null,{"deadline":5,"tracestate":"x=1"}]',
      '["f",[],null,{"deadline":5,"traceparent":"00-1-2-01","tracestate":"x=\\"1\\""}]',
      '["f",[],null,{"deadline":6,"traceparent":"00-1-2-00","inputs":[0]}]',
      '["f",[],null,{"deadline":5}]',
    ]);
  });

  it('is what JSON.stringify makes of the whole array, where all is plain', () => {
    const hides = Object.defineProperty({}, 'toJSON', { value: () => undefined });
    const whole = fc.constantFrom(undefined, [, 1], 1e21, -1.5, '\ud83d', { a: undefined }, hides);
    const any = fc.oneof(fc.jsonValue({ stringUnit: 'binary' }), whole);
    const list = fc.array(any, { maxLength: 3 });
    const record = fc.oneof(
      fc.dictionary(fc.string({ unit: 'binary' }), any, { maxKeys: 3 }),
      fc.constant(hides),
    );
    const text = fc.string({ unit: 'binary' });
    const meta = fc.record(
      {
        deadline: fc.constantFrom(5, 6, 6.5, 1e300, 0),
        traceparent: text,
        tracestate: text,
        attributes: fc.dictionary(text, any, { maxKeys: 2 }),
        session: fc.record({ id: text }),
        credit: fc.nat(),
        creditBytes: fc.nat(),
        inputs: fc.array(fc.nat(), { maxLength: 2 }),
      },
      { requiredKeys: [] },
    );
    const args = fc.record({ args: list, kwargs: record }, { requiredKeys: [] });
    fc.assert(
      fc.property(
        text,
        args,
        fc.option(meta, { nil: undefined }),
        (name, { args: positional, kwargs }, said) => {
          const given =
            kwargs === undefined
              ? positional
              : positional === undefined
                ? kwargs
                : { args: positional, kwargs };
          const parts = [name, positional ?? null, kwargs ?? null, said];
          const hasArgs = positional !== undefined && positional.length > 0;
          const count = said !== undefined ? 4 : kwargs !== undefined ? 3 : hasArgs ? 2 : 1;
          const { envelope, tagged } = encodeCallEnvelope(codec, name, given, said);
          if (tagged) return;
          expect(envelope).toBe(JSON.stringify(parts.slice(0, count)));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('knows any number of names', () => {
    for (let n = 0; n < 2_500; n += 1)
      expect(encodeCallEnvelope(codec, `f${n % 1_250}`, undefined, undefined).envelope).toBe(
        `["f${n % 1_250}"]`,
      );
  });

  it('shares one list of buffers among all parts', () => {
    const args = { args: [Uint8Array.of(1)], kwargs: { b: Uint8Array.of(2) } };
    expect(encodeCallEnvelope(codec, 'f', args, undefined)).toEqual({
      envelope: '["f",[{"$":["bytes",0]}],{"b":{"$":["bytes",1]}}]',
      tagged: true,
      buffers: [Uint8Array.of(1), Uint8Array.of(2)],
    });
  });

  it.each([
    [[1, [() => 1]], 'args[1][0]'],
    [{ a: () => 1 }, 'kwargs.a'],
    [{ args: [], kwargs: { x: [Symbol()] } }, 'kwargs.x[0]'],
  ])('names the place of what cannot be sent', (args, path) => {
    try {
      encodeCallEnvelope(codec, 'f', args, undefined);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(UsageError);
      expect(error).toMatchObject({ code: 'unencodable', outcome: 'not-started', context: { path } });
    }
  });

  it('counts the depth of each argument by itself', () => {
    let deepest: unknown[] = [];
    for (let level = 1; level < 256; level++) deepest = [deepest];
    expect(encodeCallEnvelope(codec, 'f', [deepest], undefined).envelope).toContain('[['.repeat(128));
    expect(encodeCallEnvelope(codec, 'f', { a: deepest }, undefined).tagged).toBe(false);
    expect(() => encodeCallEnvelope(codec, 'f', [[deepest]], undefined)).toThrow(/nested more than 256 deep/);
  });

  it.each([null, 'hello', 5, new Map(), () => 1, { args: 1, kwargs: {} }, { args: [], kwargs: [] }])(
    'refuses arguments of another kind: %s',
    (args) => {
      expect(() => encodeCallEnvelope(codec, 'f', args, undefined)).toThrow(
        expect.objectContaining({ code: 'invalid-arguments' }),
      );
    },
  );
});
