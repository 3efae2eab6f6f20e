import { afterEach, describe, expect, test } from 'vitest';
import { loginLine, type TokenRecord, tokenAuth } from '../../src/gate/auth.ts';
import { sha256 } from '../../src/model/digest.ts';
import { ask, parseAnswer, type RunningGate, sendRaw, startGate } from './harness.ts';

const NOW = 1_800_000_000_000;
const TOKENS: TokenRecord[] = [
  { hash: sha256('good-token'), agent: 'builder', profile: 'ci' },
  { hash: sha256('old-token'), agent: 'gone', profile: 'ci', expires: NOW },
  { hash: sha256('young-token'), agent: 'new', profile: 'default', expires: NOW + 1 },
  { hash: sha256('odd-token'), agent: 'odd', profile: 'ci', expires: Number.NaN },
];
const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;

let gate: RunningGate | undefined;
afterEach(() => gate?.app.close());

describe('with tokens', () => {
  const refused: [string, string | null][] = [
    ['none', null],
    ['unknown', 'Bearer bad-token'],
    ['empty', 'Bearer '],
    ['only the scheme', 'Bearer'],
    ['expired at this instant', 'Bearer old-token'],
    ['an expiry that is no number', 'Bearer odd-token'],
    ['the hash itself', `Bearer ${sha256('good-token')}`],
    ['the hash in hex', `Bearer ${sha256('good-token').slice(7)}`],
    ['two words', 'Bearer good-token extra'],
    ['another scheme', 'Digest good-token'],
    ['no scheme', 'good-token'],
    ['basic, empty', basic(':')],
    ['basic, unknown', basic('user:bad-token')],
    ['basic, not base64', 'Basic ####'],
    ['a prefix', 'Bearer good-toke'],
    ['a different case', 'Bearer GOOD-TOKEN'],
    ['very long', `Bearer ${'a'.repeat(6000)}`],
  ];
  test.each(refused)('%s: 401, and admission is not asked', async (_title, authorization) => {
    gate = await startGate({ tokens: TOKENS });
    const answer = await ask(
      gate,
      '/npm/express',
      authorization === null ? {} : { Authorization: authorization },
    );
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe(
      'Basic realm="sallyport", charset="UTF-8"\nBearer realm="sallyport"',
    );
    expect(gate.admission.asked).toEqual([]);
    expect(gate.admission.refused).toMatchObject([
      { code: 'UNAUTHENTICATED', caller: { agent: 'unknown', authenticated: false } },
    ]);
    const words = authorization === null ? 'none was sent' : 'not known or has expired';
    expect(JSON.parse(answer.body.toString()).error).toContain(words);
    expect(answer.phrase).toContain(words);
  });

  const served: [string, string, string][] = [
    ['bearer', 'Bearer good-token', 'builder'],
    ['bearer, lower case', 'bearer good-token', 'builder'],
    ['basic, as password', basic('token:good-token'), 'builder'],
    ['basic, as user', basic('good-token:'), 'builder'],
    ['basic, as user with some password', basic('good-token:x'), 'builder'],
    ['one that expires in a millisecond', 'Bearer young-token', 'new'],
  ];
  test.each(served)('%s: served', async (_title, authorization, agent) => {
    gate = await startGate({ tokens: TOKENS });
    expect((await ask(gate, '/npm/express', { Authorization: authorization })).status).toBe(200);
    expect(gate.admission.asked[0]?.caller).toEqual({
      agent,
      profile: agent === 'new' ? 'default' : 'ci',
      authenticated: true,
      client: '',
    });
  });

  test('two Authorization headers are none', async () => {
    gate = await startGate({ tokens: TOKENS });
    const header = 'Authorization: Bearer good-token\r\n';
    const answer = parseAnswer(
      await sendRaw(
        gate.port,
        `GET /npm/x HTTP/1.1\r\nHost: ${gate.host}\r\nConnection: close\r\n${header}${header}\r\n`,
      ),
    );
    expect(answer.status).toBe(401);
  });

  test('no token is in the log, an answer or the metrics', async () => {
    gate = await startGate({ tokens: TOKENS });
    const answers = [
      await ask(gate, '/npm/express', { Authorization: 'Bearer canary-token' }),
      await ask(gate, '/npm/express', { Authorization: 'Bearer good-token' }),
      await ask(gate, '/npm/-/v1/search?text=canary-token', { Authorization: basic('u:good-token') }),
      await ask(gate, '/metrics'),
    ];
    const all = JSON.stringify(gate.log) + answers.map((a) => a.body.toString()).join();
    expect(gate.log.length).toBeGreaterThan(3);
    expect(all).not.toMatch(/canary|good-token|Bearer [a-z]|Basic [A-Za-z0-9]{5}/);
    expect(all).not.toContain(Buffer.from('u:good-token').toString('base64'));
  });
});

describe('without tokens', () => {
  test('who comes from loopback is local', async () => {
    gate = await startGate();
    const agent = `pip/26.3 ${'x'.repeat(300)}`;
    expect((await ask(gate, '/npm/express', { 'User-Agent': agent })).status).toBe(200);
    expect(gate.admission.asked[0]?.caller).toEqual({
      agent: 'local',
      profile: 'default',
      authenticated: false,
      client: agent.slice(0, 120),
    });
  });

  test('an unknown credential is refused even here', async () => {
    gate = await startGate();
    expect((await ask(gate, '/npm/express', { Authorization: 'Bearer x' })).status).toBe(401);
    expect(gate.admission.asked).toEqual([]);
  });

  test.each([
    ['127.0.0.1', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['10.0.0.1', false],
    ['::ffff:10.0.0.1', false],
    ['128.0.0.1', false],
    [undefined, false],
  ])('%s is local: %s', (remoteAddress, known) => {
    const request = { headers: {}, rawHeaders: [], socket: { remoteAddress } };
    expect(tokenAuth([], () => NOW).identify(request as never).known).toBe(known);
  });
});

test('a configuration that cannot mean anything does not start', () => {
  const bad = (hash: string) => tokenAuth([{ hash: hash as never, agent: 'a', profile: 'p' }], () => NOW);
  expect(() => bad('good-token')).toThrow('the token of a');
  expect(() => bad(`sha512:${'a'.repeat(128)}`)).toThrow('sha256');
  expect(() => bad('sha256:abc')).toThrow('sha256');
  expect(() => tokenAuth([...TOKENS, { ...TOKENS[0], agent: 'b' } as TokenRecord], () => NOW)).toThrow(
    'twice',
  );
});

test.each([
  ['npm/11.19.1 node/v24', '_authToken'],
  ['pnpm/12.21.0', '_authToken'],
  ['yarn/1.22.22 npm/? node/v24', 'always-auth=true'],
  ['got (https://example.test)', 'npmAlwaysAuth: true'],
  ['Bun/1.4.5', '_authToken'],
  ['pip/26.3 {}', 'http://token:TOKEN@localhost:4880/pypi/simple/'],
  ['uv/0.13.9', 'http://token:TOKEN@localhost:4880/pypi/simple/'],
  ['poetry/2.5.1', 'POETRY_HTTP_BASIC'],
  ['curl/8', 'Bearer TOKEN'],
])('the 401 for %s names %s', (client, form) => {
  const line = loginLine(client, false, 'http://localhost:4880');
  expect(line).toContain(form);
  expect(line.length).toBeLessThan(300);
});
