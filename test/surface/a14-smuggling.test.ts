import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allowing } from '../admission/harness.ts';
import { heading } from './attacks.ts';
import { type Foreign, parseAnswer, portOf, raw, sendRaw, server, startForeign } from './server.ts';

describe(heading('A14'), () => {
  const house = server({ policy: allowing(['left-pad', 'inner']) }, ({ registry }) => {
    registry.addNpm('left-pad', { '1.3.0': {} });
    registry.addNpm('inner', { '1.0.0': {} });
  });
  let foreign: Foreign;
  beforeAll(async () => {
    foreign = await startForeign();
  });
  afterAll(() => foreign.close());

  const host = () => `Host: 127.0.0.1:${portOf(house())}`;
  const inner = () => `GET /npm/inner HTTP/1.1\r\n${host()}\r\n\r\n`;
  const answersTo = async (text: string) => {
    const bytes = await sendRaw(portOf(house()), Buffer.from(text, 'latin1'));
    const answers = bytes.toString('latin1').split(/(?=HTTP\/1\.[01] [0-9]{3} )/);
    return { first: parseAnswer(bytes), count: bytes.length === 0 ? 0 : answers.length };
  };

  const SMUGGLED: [string, () => string][] = [
    [
      'Content-Length and Transfer-Encoding',
      () =>
        `POST /npm/left-pad HTTP/1.1\r\n${host()}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner()}`,
    ],
    [
      'Transfer-Encoding twice',
      () =>
        `POST /npm/left-pad HTTP/1.1\r\n${host()}\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${inner()}`,
    ],
    [
      'Transfer-Encoding with a tab',
      () =>
        `POST /npm/left-pad HTTP/1.1\r\n${host()}\r\nTransfer-Encoding:\tchunked, x\r\n\r\n0\r\n\r\n${inner()}`,
    ],
    [
      'Transfer-Encoding before its colon',
      () =>
        `POST /npm/left-pad HTTP/1.1\r\n${host()}\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n${inner()}`,
    ],
    [
      'two Content-Lengths',
      () =>
        `POST /npm/left-pad HTTP/1.1\r\n${host()}\r\nContent-Length: 0\r\nContent-Length: ${inner().length}\r\n\r\n${inner()}`,
    ],
    [
      'a Content-Length of two numbers',
      () =>
        `POST /npm/left-pad HTTP/1.1\r\n${host()}\r\nContent-Length: 0, ${inner().length}\r\n\r\n${inner()}`,
    ],
    [
      'a Content-Length with a sign',
      () => `POST /npm/left-pad HTTP/1.1\r\n${host()}\r\nContent-Length: +0\r\n\r\n${inner()}`,
    ],
    [
      'a chunk size in another base',
      () =>
        `POST /npm/left-pad HTTP/1.1\r\n${host()}\r\nTransfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n${inner()}`,
    ],
    [
      'a chunk extension with a line feed',
      () =>
        `POST /npm/left-pad HTTP/1.1\r\n${host()}\r\nTransfer-Encoding: chunked\r\n\r\n1;a\nb\r\nx\r\n0\r\n\r\n${inner()}`,
    ],
    ['a folded header', () => `GET /npm/left-pad HTTP/1.1\r\n${host()}\r\nX: a\r\n b\r\n\r\n${inner()}`],
    ['line feeds alone', () => `GET /npm/left-pad HTTP/1.1\n${host()}\n\n${inner()}`],
    [
      'a body on GET',
      () =>
        `GET /npm/left-pad HTTP/1.1\r\n${host()}\r\nContent-Length: ${inner().length + 9}\r\n\r\n${inner()}`,
    ],
  ];
  test.each(SMUGGLED)('%s: the request behind it is not answered', async (_, text) => {
    const { count, first } = await answersTo(text());
    expect(count).toBeLessThanOrEqual(1);
    expect(house().takeAsked()).not.toContain('GET /npm-up/inner');
    if (first.status !== 200) expect([400, 405, 411, 413, 501, 0]).toContain(first.status);
  });

  test('the positive control: two honest requests on one connection are two answers', async () => {
    const honest = `GET /npm/left-pad HTTP/1.1\r\n${host()}\r\n\r\nGET /npm/inner HTTP/1.1\r\n${host()}\r\nConnection: close\r\n\r\n`;
    expect((await answersTo(honest)).count).toBe(2);
    expect(house().takeAsked()).toContain('GET /npm-up/inner');
  });

  const PROXY: [string, (where: string) => string][] = [
    ['the absolute form', (where) => `GET http://${where}/ HTTP/1.1`],
    ['the absolute form of ourselves', () => `GET http://127.0.0.1:${portOf(house())}/npm/left-pad HTTP/1.1`],
    ['CONNECT', (where) => `CONNECT ${where} HTTP/1.1`],
    ['the authority form by GET', (where) => `GET ${where} HTTP/1.1`],
    ['the asterisk', () => 'OPTIONS * HTTP/1.1'],
    ['a metadata address', () => 'GET http://169.254.169.254/latest/meta-data/ HTTP/1.1'],
    ['FTP', (where) => `GET ftp://${where}/ HTTP/1.1`],
    ['HTTP/0.9', () => 'GET /npm/left-pad'],
    ['HTTP/2 with prior knowledge', () => 'PRI * HTTP/2.0'],
  ];
  test.each(PROXY)('%s: nobody’s proxy', async (_, line) => {
    const answer = await raw(house(), line(`127.0.0.1:${foreign.port}`));
    expect([0, 400, 403, 404, 405, 421]).toContain(answer.status);
    expect(foreign.heard).toEqual([]);
  });

  test.each(['Upgrade: websocket', 'Upgrade: h2c', 'Upgrade: TLS/1.0'])(
    '%s changes no protocol',
    async (header) => {
      const answer = await raw(house(), 'GET /npm/left-pad HTTP/1.1', [header]);
      expect(answer.status).not.toBe(101);
    },
  );

  test.each(['PUT', 'POST', 'DELETE', 'PATCH', 'TRACE', 'COPY', 'MKCOL', 'LOCK'])(
    '%s publishes and changes nothing',
    async (method) => {
      const paths = [
        '/npm/left-pad',
        '/npm/-/package/left-pad/dist-tags/latest',
        '/npm/-/user/org.couchdb.user:x',
      ];
      for (const path of [...paths, '/npm/-/npm/v1/tokens', '/pypi/legacy/', '/api/v1/policy'])
        expect([404, 405]).toContain((await raw(house(), `${method} ${path} HTTP/1.1`)).status);
      expect(house().takeAsked()).toEqual([]);
    },
  );
});
