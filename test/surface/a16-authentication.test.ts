import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allowing, tarballPath } from '../admission/harness.ts';
import { type Firewall, startFirewall } from '../harness/firewall.ts';
import { type FakeRegistry, startRegistry } from '../harness/registry.ts';
import { heading } from './attacks.ts';

const TOKENS = {
  ann: 'token-of-ann-0123456789',
  bob: 'token-of-bob-0123456789',
  audit: 'token-of-audit-0123456789',
};
const hash = (token: string) => createHash('sha256').update(token).digest('hex');

describe(heading('A16'), () => {
  let registry: FakeRegistry;
  let firewall: Firewall;
  beforeAll(async () => {
    registry = await startRegistry();
    registry.addNpm('left-pad', { '1.3.0': {} });
    firewall = await startFirewall({
      policy: {
        'default.yaml': allowing(['left-pad']),
        'other.yaml': 'profile: other\nallow: [{ npm: something-else }]\n',
      },
      upstream: { npm: registry.npmBase, pypi: registry.pypiBase },
      auth: `tokens:
  - { hash: "sha256:${hash(TOKENS.ann)}", agent: ann }
  - { hash: "sha256:${hash(TOKENS.bob)}", agent: bob, profile: other }
  - { hash: "sha256:${hash('token-of-old-0123456789')}", agent: old, expires: 2020-01-01T00:00:00Z }
  - { hash: "sha256:${hash(TOKENS.audit)}", agent: audit, role: auditor }
`,
    });
  }, 60_000);
  afterAll(async () => {
    await firewall?.remove();
    await registry?.close();
  });

  const ask = async (path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET') => {
    const answer = await fetch(firewall.url + path, { headers, method, redirect: 'manual' });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };
  const as = (agent: keyof typeof TOKENS) => ({ authorization: `Bearer ${TOKENS[agent]}` });
  const jwt = (head: object) =>
    `${Buffer.from(JSON.stringify(head)).toString('base64url')}.${Buffer.from('{"agent":"ann"}').toString('base64url')}.`;

  const FORGED: [string, Record<string, string>][] = [
    ['none at all', {}],
    ['an empty one', { authorization: 'Bearer ' }],
    ['a JWT with alg none', { authorization: `Bearer ${jwt({ alg: 'none' })}` }],
    ['the hash of a token', { authorization: `Bearer ${hash(TOKENS.ann)}` }],
    ['the configured line', { authorization: `Bearer sha256:${hash(TOKENS.ann)}` }],
    ['one that has expired', { authorization: 'Bearer token-of-old-0123456789' }],
    ['a prefix', { authorization: `Bearer ${TOKENS.ann.slice(0, -1)}` }],
    ['a space more', { authorization: `Bearer ${TOKENS.ann} x` }],
    ['another case', { authorization: `Bearer ${TOKENS.ann.toUpperCase()}` }],
    ['the name of an agent', { authorization: 'Bearer ann' }],
    ['a cookie', { cookie: `token=${TOKENS.ann}` }],
    ['an address that is said to be loopback', { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1' }],
    [
      'a proxy that vouches',
      { forwarded: 'for=127.0.0.1', 'x-remote-user': 'ann', 'x-forwarded-user': 'ann' },
    ],
    ['another header', { 'proxy-authorization': `Bearer ${TOKENS.ann}`, 'x-auth-token': TOKENS.ann }],
    ['the token with a NUL', { authorization: `Basic ${btoa(`x:${TOKENS.ann}\0`)}` }],
  ];
  test.each(FORGED)('%s opens nothing', async (_, headers) => {
    registry.requests.length = 0;
    const paths = [
      '/npm/left-pad',
      tarballPath('left-pad', '1.3.0'),
      '/pypi/simple/six/',
      '/api/v1/ledger/entries',
    ];
    for (const path of [...paths, '/ledger/tile/0/000', '/npm/-/v1/search?text=x']) {
      const answer = await ask(path, headers);
      expect([path, answer.status]).toEqual([path, 401]);
      expect(answer.text).not.toContain('left-pad-1.3.0');
    }
    expect(registry.requests).toEqual([]);
  });

  test('a token in the query is none', async () => {
    for (const query of [`token=${TOKENS.ann}`, `access_token=${TOKENS.ann}`, `_authToken=${TOKENS.ann}`])
      expect((await ask(`/npm/left-pad?${query}`)).status).toBe(401);
  });

  test('the positive control: the token itself, in its two forms', async () => {
    expect((await ask('/npm/left-pad', as('ann'))).status).toBe(200);
    expect((await ask('/npm/left-pad', { authorization: `Basic ${btoa(`x:${TOKENS.ann}`)}` })).status).toBe(
      200,
    );
    expect((await ask(tarballPath('left-pad', '1.3.0'), as('ann'))).status).toBe(200);
  });

  test('one agent is not told what another one may have, or asked', async () => {
    const refused = await ask('/npm/left-pad', as('bob'));
    expect([refused.status, JSON.parse(refused.text).code]).toEqual([403, 'NOT_ALLOWLISTED']);
    const etag = (await ask('/npm/left-pad', as('ann'))).headers.get('etag') ?? '';
    expect((await ask('/npm/left-pad', { ...as('bob'), 'if-none-match': etag })).status).toBe(403);
    const { entry } = JSON.parse(refused.text);
    expect((await ask(`/-/why/${entry}`, as('bob'))).status).toBe(200);
    const others = await ask(`/-/why/${entry}`, as('ann'));
    const nobodys = await ask(`/-/why/${'0'.repeat(64)}`, as('ann'));
    expect(others.status).toBe(404);
    expect(others.text).toBe(nobodys.text);
  });

  test('an agent opens no door of an auditor, an auditor none of an agent', async () => {
    for (const path of [
      '/api/v1/ledger/entries',
      '/api/v1/ledger/stats?by=agent',
      '/ledger/tile/entries/000',
    ])
      expect([401, 403]).toContain((await ask(path, as('ann'))).status);
    expect((await ask('/api/v1/ledger/entries', as('audit'))).status).toBe(200);
    expect([401, 403]).toContain((await ask('/npm/left-pad', as('audit'))).status);
    expect([401, 403]).toContain((await ask(tarballPath('left-pad', '1.3.0'), as('audit'))).status);
  });

  test('no verb of anybody changes the policy', async () => {
    const before = (await firewall.command('policy', 'digest')).stdout;
    const paths = [
      '/api/v1/policy',
      '/api/v1/policy/reload',
      '/admin',
      '/console/',
      '/npm/-/npm/v1/tokens',
      '/-/why/x',
    ];
    for (const path of paths)
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'])
        for (const agent of ['ann', 'audit'] as const)
          expect((await ask(path, as(agent), method)).status).toBeGreaterThanOrEqual(400);
    expect((await firewall.command('policy', 'digest')).stdout).toBe(before);
    const [start] = await firewall.ledger('--type', 'start');
    expect(`${start?.entry['policy']}\n`).toBe(before);
  });
});
