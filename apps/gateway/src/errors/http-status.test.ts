import { readFileSync } from 'node:fs';
import { CATEGORY_OF, createError, PythonError } from '@pypool/protocol';
import { describe, expect, it } from 'vitest';
import { FAIL_STATUS, httpStatus, HTTP_STATUS } from './http-status.js';

describe('the table of statuses', () => {
  it('has each error code once, in the README as here', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const rows = [...readme.matchAll(/^\| (\d{3}) +\| (`[^|]*`) +\|/gm)].flatMap(([, status, codes]) =>
      [...codes!.matchAll(/`([^`]+)`/g)].map(([, code]) => [code!, Number(status)] as const),
    );
    const ofPool = rows.filter(([code]) => Object.hasOwn(CATEGORY_OF, code));
    expect(ofPool.toSorted()).toEqual(Object.entries(HTTP_STATUS).toSorted());
    expect(rows).toContainEqual(['pypool.Fail', FAIL_STATUS]);
  });

  it('blames the function, not the request, for what was wrong when it had run', () => {
    const of = (outcome: 'not-started' | 'finished') =>
      httpStatus(createError({ code: 'unencodable', message: 'x', outcome }));
    expect([of('not-started'), of('finished')]).toEqual([400, 500]);
  });

  it('tells a refusal from a failure', () => {
    const details = { code: 'python-error', message: 'x', outcome: 'finished' } as const;
    expect(httpStatus(new PythonError(details))).toBe(500);
    expect(httpStatus(new PythonError({ ...details, failure: { code: 'no', data: null } }))).toBe(422);
  });
});
