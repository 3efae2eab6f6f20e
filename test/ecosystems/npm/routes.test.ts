import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { npm } from '../../../src/ecosystems/npm/npm.ts';

const ABBREVIATED = 'application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*';

function get(path: string, request: Partial<Parameters<typeof npm.route>[1]> = {}) {
  return npm.route(path, { method: 'GET', accept: '*/*', userAgent: '', query: '', ...request });
}

/** A fixed answer with its body written. */
function fixed(path: string) {
  const route = get(path);
  if (route?.kind !== 'fixed') throw new Error('not fixed');
  return { body: route.body(''), contentType: route.contentType };
}

describe('malformed paths', () => {
  test.each([
    '/..%2fetc',
    '/express/../lodash',
    '/./express',
    '/%2e%2e/express',
    '/%252e%252e/express',
    '/%65xpress',
    '/express%00',
    '/express%5cx',
    '/express\\x',
    '/express%0d%0aX:y',
    '/express x',
    '/express%20',
    '/express%',
    '/express%4',
    '/express%zz',
    '/expr%c3%a9ss',
    '/é',
    '//host/x',
    '/express/',
    '/express//1.0.0',
    '/a%2fb',
    '/@s',
    '/@s/',
    '/@s%2f',
    '/@s%2fa%2fb',
    '/@s%2fa/-/a%2fa-1.0.0.tgz',
    '/@s%252fa',
    '/@s%5ca',
    '/@%2e%2e%2fa',
    '/_x',
    '/__proto__',
    '/.npmrc',
    '/node_modules',
    '/express/^1.0.0',
    '/express/%5E1.0.0',
    '/express/*',
    '/express/_rev',
    '/express/-',
    '/express/-/lodash-1.0.0.tgz',
    '/express/-/express-1.0.tgz',
    '/express/-/express-v1.0.0.tgz',
    '/express/-/express-1.0.0%2b1.tgz',
    '/express/-/express-1.0.0.tar.gz',
    '/express/-/..',
    '/express/-/blocked/NO_SUCH_CODE/express-1.0.0.tgz',
    '/express/-/blocked/toString/express-1.0.0.tgz',
    '/express/-/blocked/TOO_YOUNG/lodash-1.0.0.tgz',
    '/-/package/__proto__/dist-tags',
    '/-/package/a/b/dist-tags',
    '/-/package/dist-tags',
    '/-/npm/v1/attestations/express',
    '/-/npm/v1/attestations/express@latest',
    '/-/npm/v1/attestations/@1.0.0',
    `/${'a'.repeat(4096)}`,
    `/${'a'.repeat(215)}`,
  ])('%j', (path) => {
    expect(get(path)).toEqual({ kind: 'malformed' });
  });

  test.each([
    '',
    '/',
    '/-/unknown',
    '/-/v1',
    '/-/all',
    '/-',
    '/express/a/b',
    '/express/-/a/b/c/d',
    '/-/constructor',
  ])('%j is no route', (path) => expect(get(path)).toBeNull());
});

describe('the index', () => {
  test.each([
    '/@types/node',
    '@types/node',
    '/@types%2fnode',
    '/@types%2Fnode',
    '/%40types%2fnode',
    '/%40types/node',
  ])('%s is @types/node', (path) =>
    expect(get(path)).toEqual({ kind: 'index', name: '@types/node', representation: 'full' }),
  );

  test.each([
    ['', 'full'],
    ['*/*', 'full'],
    ['application/json', 'full'],
    ['application/json; q=1.0, */*', 'full'],
    ['application/json, application/vnd.npm.install-v1+json', 'full'],
    ['application/json; q=1.0, application/vnd.npm.install-v1+json; q=0.8', 'full'],
    ['application/vnd.npm.install-v1+json; q=0', 'full'],
    ['application/vnd.npm.install-v1+json; q=2', 'full'],
    [`${','.repeat(1100)}application/vnd.npm.install-v1+json`, 'full'],
    [ABBREVIATED, 'abbreviated'],
    ['application/vnd.npm.install-v1+json', 'abbreviated'],
    ['application/vnd.npm.install-v1+json, application/json', 'abbreviated'],
    ['Application/VND.npm.install-v1+JSON;q=0.9, application/json;q=0.5', 'abbreviated'],
  ])('Accept %j: %s', (accept, representation) => {
    expect(get('/aa', { accept })).toEqual({ kind: 'index', name: 'aa', representation });
  });

  test.each([
    ['/aa/1.0.0', 'aa', 'version:1.0.0'],
    ['/aa/latest', 'aa', 'version:latest'],
    ['/aa/constructor', 'aa', 'version:constructor'],
    ['/constructor', 'constructor', 'full'],
    ['/@s/n/1.0.0-rc.1', '@s/n', 'version:1.0.0-rc.1'],
    ['/@s%2fn/1.0.0', '@s/n', 'version:1.0.0'],
    ['/-/package/aa/dist-tags', 'aa', 'tags'],
    ['/-/package/@s%2fn/dist-tags', '@s/n', 'tags'],
    ['/-/package/@s/n/dist-tags', '@s/n', 'tags'],
  ])('%s', (path, name, representation) => {
    expect(get(path)).toEqual({ kind: 'index', name, representation });
    expect(get(path, { method: 'HEAD' })).toEqual({ kind: 'index', name, representation });
  });
});

describe('files', () => {
  test.each([
    ['/aa/-/aa-1.0.0.tgz', 'aa', 'aa-1.0.0.tgz'],
    ['/@s/n/-/n-1.0.0-rc.1.tgz', '@s/n', 'n-1.0.0-rc.1.tgz'],
    ['/@s%2fn/-/n-1.0.0.tgz', '@s/n', 'n-1.0.0.tgz'],
    ['/JSONStream/-/JSONStream-1.3.5.tgz', 'JSONStream', 'JSONStream-1.3.5.tgz'],
  ])('%s', (path, name, filename) => {
    expect(get(path)).toEqual({ kind: 'artifact', name, filename });
    const blocked = path.replace('/-/', '/-/blocked/TOO_YOUNG/');
    expect(get(blocked)).toEqual({ kind: 'blocked', name, filename });
  });

  test('a file name says its version, or is not of this package', () => {
    const name = npm.versions.canonicalName('@s/n');
    if (!name) throw new Error('no name');
    expect(npm.parseFilename(name, 'n-1.0.0.tgz')).toEqual({ version: '1.0.0', kind: 'npm-tarball' });
    for (const other of [
      'n.tgz',
      'n-1.0.tgz',
      'm-1.0.0.tgz',
      'n-1.0.0+b.tgz',
      '@s/n-1.0.0.tgz',
      'n-1.0.0.tgz/x',
    ]) {
      expect(npm.parseFilename(name, other)).toBeNull();
    }
  });
});

describe('services', () => {
  test('ping, whoami, keys', () => {
    expect(fixed('/-/ping')).toEqual({ body: '{}', contentType: 'application/json' });
    expect(fixed('/-/whoami')).toMatchObject({ body: '{"username":"sallyport"}' });
    expect(get('/-/npm/v1/keys')).toEqual({ kind: 'keys' });
  });

  test.each(['aa@1.0.0', '@s%2fn@1.0.0', '@s/n@1.0.0', '%40s%2fn%401.0.0'])('attestations of %s', (spec) => {
    const name = spec.startsWith('aa') ? 'aa' : '@s/n';
    const filename = spec.startsWith('aa') ? 'aa-1.0.0.tgz' : 'n-1.0.0.tgz';
    expect(get(`/-/npm/v1/attestations/${spec}`)).toEqual({
      kind: 'attestations',
      name,
      version: '1.0.0',
      filename,
    });
  });

  test('search', () => {
    const search = (query: string) => get('/-/v1/search', { query });
    expect(search('text=express&size=20&from=0&quality=0.65')).toEqual({
      kind: 'search',
      text: 'express',
      from: 0,
      size: 20,
    });
    expect(search('')).toEqual({ kind: 'search', text: '', from: 0, size: 20 });
    expect(search('text=%40types%2Fnode+x&size=9999&from=-1')).toMatchObject({
      text: '@types/node x',
      size: 250,
      from: 0,
    });
    expect(search('text=a%00b')).toEqual({ kind: 'malformed' });
    expect(search(`text=${'a'.repeat(201)}`)).toEqual({ kind: 'malformed' });
    expect(search('a'.repeat(3000))).toEqual({ kind: 'malformed' });
  });

  test('audits are POSTs', () => {
    const post = (path: string) => get(path, { method: 'POST' });
    expect(post('/-/npm/v1/security/advisories/bulk')).toEqual({ kind: 'audit', flavour: 'bulk' });
    expect(post('/-/npm/v1/security/audits/quick')).toEqual({ kind: 'audit', flavour: 'quick' });
    expect(post('/-/npm/v1/security/audits')).toEqual({ kind: 'audit', flavour: 'quick' });
    expect(get('/-/npm/v1/security/audits')).toBeNull();
  });

  test.each([
    ['PUT', '/aa'],
    ['PUT', '/@s%2fn'],
    ['PUT', '/-/user/org.couchdb.user:me'],
    ['PUT', '/-/package/aa/dist-tags/next'],
    ['DELETE', '/-/package/aa/dist-tags/next'],
    ['DELETE', '/aa/-rev/1-x'],
    ['POST', '/-/v1/login'],
    ['POST', '/-/npm/v1/tokens'],
    ['POST', '/aa'],
    ['POST', '/-/npm/v1/security/advisories/bulk/'],
    ['PATCH', '/aa'],
    ['PROPFIND', '/aa'],
    ['get', '/aa'],
    ['GET', '/-/npm/v1/tokens'],
    ['GET', '/-/npm/v1/user'],
    ['GET', '/-/user/org.couchdb.user:me'],
  ])('%s %s is a write', (method, path) => {
    expect(get(path, { method })).toEqual({ kind: 'write' });
  });
});

describe('a client that asks for itself', () => {
  test('only that client, only the whole index', () => {
    const npmAgent = 'npm/11.19.1 node/v24.21.0 linux x64 workspaces/false';
    const pnpmAgent = 'pnpm/12.21.0 npm/? node/? linux x64';
    expect(get('/npm', { userAgent: npmAgent })).toMatchObject({ kind: 'self-check', name: 'npm' });
    expect(get('/pnpm', { userAgent: pnpmAgent, accept: ABBREVIATED })).toEqual({
      kind: 'self-check',
      name: 'pnpm',
      representation: 'abbreviated',
    });
    expect(get('/pnpm', { userAgent: npmAgent })).toMatchObject({ kind: 'index' });
    expect(get('/npm', { userAgent: pnpmAgent })).toMatchObject({ kind: 'index' });
    expect(get('/npm')).toMatchObject({ kind: 'index' });
    expect(get('/express', { userAgent: 'express/1' })).toMatchObject({ kind: 'index' });
    expect(get('/npm/latest', { userAgent: npmAgent })).toMatchObject({ kind: 'index' });
    expect(get('/npm/-/npm-11.0.0.tgz', { userAgent: npmAgent })).toMatchObject({ kind: 'artifact' });
  });
});

test('no path throws, and every name in a route is canonical', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '/',
      '-',
      '@',
      '%2f',
      '%2F',
      '%',
      '..',
      '.',
      'blocked',
      'aa',
      '1.0.0',
      '.tgz',
      '%00',
      '\\',
      'npm',
    ),
    fc.string({ maxLength: 6 }),
    fc.string({ unit: 'binary', maxLength: 4 }),
  );
  const path = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
  const request = fc.record({
    method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', ''),
    accept: fc.string(),
    userAgent: fc.constantFrom('', 'npm/11', 'pnpm/12'),
    query: fc.string({ unit: 'binary' }),
  });
  fc.assert(
    fc.property(path, request, (raw, how) => {
      const route = npm.route(raw, how);
      if (route && 'name' in route) expect(npm.versions.canonicalName(route.name)).toBe(route.name);
      if (route && 'filename' in route) expect(route.filename).toMatch(/^[A-Za-z0-9._-]+\.tgz$/);
    }),
    { numRuns: 3000 },
  );
});
