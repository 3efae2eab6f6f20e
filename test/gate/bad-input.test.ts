import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseTarget } from '../../src/gate/target.ts';
import { ask, parseAnswer, type RunningGate, sendRaw, startGate } from './harness.ts';

let gate: RunningGate;
beforeAll(async () => {
  gate = await startGate();
});
beforeEach(() => {
  gate.admission.asked.length = 0;
  gate.admission.refused.length = 0;
});
afterAll(() => gate.app.close());

const TARGETS = [
  '/npm/..%2fetc',
  '/npm/..%2Fetc',
  '/npm/%2e%2e/etc',
  '/npm/%2E%2e%2fetc',
  '/npm/.%2e/etc',
  '/npm/../etc',
  '/npm/./express',
  '/npm/..',
  '/..',
  '/npm/%252e%252e/etc',
  '/npm/express%25',
  '/npm/..%5cetc',
  '/npm/a%5Cb',
  '/npm/a\\b',
  '/npm/a%00b',
  '/npm/a\0b',
  '/npm/a%0d%0aX:%20y',
  '/npm/a%7f',
  '/npm/a%1f',
  '/npm/%c0%ae%c0%ae/etc',
  '/npm/caf\u00e9',
  '/npm/caf%C3%A9',
  '/npm/a%',
  '/npm/a%2',
  '/npm/a%zz',
  '/npm/a|b',
  '/npm/<b>',
  '/npm/"b"',
  '/npm/express#fragment',
  '/npm/a b',
  '/npm/a\tb',
  '//host.invalid/npm/express',
  '//',
  '///npm/express',
  'http://169.254.169.254/latest/meta-data',
  'https://host.invalid/npm/express',
  'npm/express',
  '*',
  '?x',
  '/npm/express?text=%00',
  '/npm/express?a#b',
  `/npm/${'a'.repeat(4096)}`,
  `/npm/${'a'.repeat(2100)}`,
  `/npm/-/v1/search?text=${'a'.repeat(4096)}`,
  `/npm/${'../'.repeat(600)}`,
];

describe('a target that fails the grammar is a 4xx and goes no further', () => {
  test.each(TARGETS.map((t) => [JSON.stringify(t).slice(0, 60), t]))('%s', async (_title, target) => {
    const request = `GET ${target} HTTP/1.1\r\nHost: ${gate.host}\r\nConnection: close\r\n\r\n`;
    const answer = parseAnswer(await sendRaw(gate.port, Buffer.from(request, 'latin1')));
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(gate.admission.asked).toEqual([]);
    for (const { code, context } of gate.admission.refused) {
      expect(code).toBe('BAD_PATH');
      expect(context.path?.length).toBe(target.length);
      expect(JSON.stringify(context)).not.toContain(target);
    }
    if (target.length > 5) expect(answer.body.toString()).not.toContain(target.slice(5));
  });
});

describe('requests that two readers could read in two ways', () => {
  const H = () => `Host: ${gate.host}\r\nConnection: close\r\n`;
  const cases: [string, () => string, number][] = [
    ['obs-fold', () => `GET /npm/express HTTP/1.1\r\n${H()}X-A: b\r\n c\r\n\r\n`, 400],
    ['space before the colon', () => `GET /npm/express HTTP/1.1\r\n${H()}X-A : b\r\n\r\n`, 400],
    ['bare CR in a header', () => `GET /npm/express HTTP/1.1\r\n${H()}X-A: b\rX-B: c\r\n\r\n`, 400],
    ['bare LF', () => `GET /npm/express HTTP/1.1\nHost: ${gate.host}\n\n`, 400],
    [
      'CL and TE',
      () => `POST /npm/x HTTP/1.1\r\n${H()}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    [
      'TE and CL',
      () => `POST /npm/x HTTP/1.1\r\n${H()}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`,
      400,
    ],
    [
      'two lengths',
      () => `POST /npm/x HTTP/1.1\r\n${H()}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`,
      400,
    ],
    ['an unknown TE', () => `POST /npm/x HTTP/1.1\r\n${H()}Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n`, 400],
    [
      'TE that only ends like chunked',
      () => `GET /npm/express HTTP/1.1\r\n${H()}Transfer-Encoding: xchunked\r\n\r\n`,
      400,
    ],
    ['CONNECT', () => `CONNECT host.invalid:443 HTTP/1.1\r\n${H()}\r\n`, 400],
    ['HTTP/2 preface', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['another version', () => `GET /npm/express HTTP/2.0\r\n${H()}\r\n`, 400],
    ['an invented method', () => `FETCH /npm/express HTTP/1.1\r\n${H()}\r\n`, 400],
    ['no Host', () => 'GET /npm/express HTTP/1.1\r\nConnection: close\r\n\r\n', 421],
    ['two Hosts', () => `GET /npm/express HTTP/1.1\r\n${H()}Host: ${gate.host}\r\n\r\n`, 421],
    [
      'headers beyond the bound',
      () => `GET /npm/express HTTP/1.1\r\n${H()}X-A: ${'b'.repeat(20_000)}\r\n\r\n`,
      431,
    ],
    ['CRLF in the target', () => `GET /npm/a\r\nX-B: c HTTP/1.1\r\n${H()}\r\n`, 400],
    ['an unknown Expect', () => `GET /npm/express HTTP/1.1\r\n${H()}Expect: anything\r\n\r\n`, 417],
    ['no HTTP at all', () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
  ];
  test.each(cases)('%s', async (_title, request, status) => {
    const answer = parseAnswer(await sendRaw(gate.port, Buffer.from(request(), 'latin1')));
    expect(answer.status).toBe(status);
    expect(gate.admission.asked).toEqual([]);
  });

  test('a request smuggled behind an unread body is not answered', async () => {
    const inner = `GET /npm/inner HTTP/1.1\r\nHost: ${gate.host}\r\n\r\n`;
    const outer = `GET /npm/outer HTTP/1.1\r\nHost: ${gate.host}\r\nContent-Length: ${inner.length + 10}\r\n\r\n${inner}`;
    const answer = await sendRaw(gate.port, outer);
    expect(answer.toString().split('HTTP/1.1 ').length).toBe(2);
    expect(parseAnswer(answer).headers.get('connection')).toBe('close');
    expect(gate.admission.asked.map((a) => a.route)).toEqual([expect.objectContaining({ name: 'outer' })]);
  });

  test('the gate still answers', async () => {
    expect((await ask(gate, '/healthz')).status).toBe(200);
  });
});

describe('methods', () => {
  const others = [
    'PUT',
    'DELETE',
    'PATCH',
    'OPTIONS',
    'TRACE',
    'PROPFIND',
    'QUERY',
    'PURGE',
    'M-SEARCH',
    'LINK',
  ];
  test.each(others)('%s is 405', async (method) => {
    const answer = await ask(
      gate,
      '/npm/express',
      { 'Content-Type': 'application/json' },
      method,
      '{"__proto__":1}',
    );
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
    expect(gate.admission.asked).toEqual([]);
  });
  test('POST where nothing takes one, and GET where only POST is', async () => {
    expect((await ask(gate, '/npm/express', {}, 'POST', '{}')).status).toBe(405);
    const audit = await ask(gate, '/npm/-/npm/v1/security/advisories/bulk');
    expect([audit.status, audit.headers.get('allow')]).toEqual([405, 'POST']);
    expect((await ask(gate, '/healthz', {}, 'POST', 'x')).status).toBe(405);
    expect((await ask(gate, '/metrics', {}, 'DELETE')).status).toBe(405);
    expect(gate.admission.asked).toEqual([]);
  });
});

describe('names that are dangerous as keys are names', () => {
  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('%s', async (name) => {
    const answer = await ask(gate, `/npm/${name}`);
    expect(answer.status).toBe(200);
    expect(gate.admission.asked[0]?.route).toEqual({ kind: 'index', name, representation: 'full' });
    const header = await ask(gate, '/npm/express', {
      [name]: 'x',
      'Accept-Encoding': name,
      'User-Agent': name,
    });
    expect(header.status).toBe(200);
  });
});

test('nothing that passes the grammar can climb, and nothing is changed by it', () => {
  const piece = fc.constantFrom(
    '/',
    '.',
    '..',
    '%2e',
    '%2F',
    '%5c',
    '%25',
    'a',
    '@',
    '//',
    '?',
    '#',
    '%00',
    '\\',
    'é',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const raw = `/${pieces.join('')}`;
      const target = parseTarget(raw);
      if (!target) return;
      expect(target.path + (raw.includes('?') ? `?${target.query}` : '')).toBe(raw);
      const decoded = decodeURIComponent(target.path);
      expect(decoded.split(/[/\\]/)).not.toContain('..');
      expect(decoded).not.toMatch(/[\\%#\0]/);
    }),
  );
});
