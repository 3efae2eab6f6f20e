import { describe, expect, test } from 'vitest';
import { faultOf, world } from './world.ts';

const w = world();
const BULK = '-/npm/v1/security/advisories/bulk';
const BODY = Buffer.from('{"a":["1.0.0"]}');

test('our body goes to the audit route, and the answer comes back', async () => {
  w.registry.auditAnswer = { a: [{ id: 1 }] };
  const answer = await w.upstream.audit({ ...w.npm, authorization: 'Bearer t' }, BULK, BODY);
  expect(JSON.parse(Buffer.from(answer).toString())).toEqual({ a: [{ id: 1 }] });
  expect(w.registry.requests[0]).toMatchObject({ method: 'POST', path: `/npm-up/${BULK}`, body: BODY });
  expect(w.registry.requests[0]?.headers).toEqual({
    host: new URL(w.registry.origin).host,
    connection: 'keep-alive',
    'user-agent': 'sallyport/0.0.0-test',
    accept: 'application/json',
    'accept-encoding': 'gzip, br',
    'content-type': 'application/json',
    'content-length': String(BODY.length),
    authorization: 'Bearer t',
  });
});

test.each([
  'a',
  '-/npm/v1/tokens',
  '-/v1/login',
  '-/npm/v1/security/audits/quick',
  `../${BULK}`,
  `${BULK}?x`,
  `${BULK}/`,
  '',
])('nothing is posted anywhere else: %s', async (path) => {
  expect(await faultOf(w.upstream.audit(w.npm, path, BODY))).toBe('UPSTREAM_FAULT');
  expect(w.registry.requests).toEqual([]);
});

describe('no answer is a fault, never a clean result, and is not tried again', () => {
  test.each([
    ['404', { kind: 'vanish' }, 'UPSTREAM_FAULT 404'],
    ['405', { kind: 'status', status: 405 }, 'UPSTREAM_FAULT 405'],
    ['503', { kind: 'status', status: 503 }, 'UPSTREAM_FAULT 503'],
    ['304', { kind: 'status', status: 304 }, 'UPSTREAM_FAULT 304'],
    ['a redirect', { kind: 'redirect', to: '/elsewhere', status: 307 }, 'UPSTREAM_FAULT 307'],
    ['a reset', { kind: 'reset' }, 'UPSTREAM_FAULT'],
    ['silence', { kind: 'hang' }, 'UPSTREAM_TIMEOUT'],
    ['too much', { kind: 'huge', bytes: 9 << 20, gzip: true }, 'TOO_LARGE'],
  ] as const)('%s', async (_, fault, expected) => {
    w.registry.withFault(/security/, fault);
    expect(await faultOf(w.upstream.audit(w.npm, BULK, BODY))).toBe(expected);
    expect(w.registry.requests.length).toBe(1);
  });
});
