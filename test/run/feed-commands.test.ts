import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FeedPlace, feedPlace } from '../feeds/place.ts';
import { ghsaRecord, malRecord, pysecRecord } from '../feeds/records.ts';
import { linesOf, sallyport } from '../harness/sallyport.ts';

let place: FeedPlace;
beforeEach(async () => {
  place = await feedPlace();
});
afterEach(() => place.remove());

const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  sallyport({ SALLYPORT_DATA: join(place.root, 'data'), ...env }, 'feed', ...args);

/** Of this moment: the command reads the real clock. */
const today = (members: object = {}) => ({
  modified: new Date(Date.now() - 60_000).toISOString(),
  ...members,
});
const RECORDS = () => [
  malRecord('MAL-2026-1', 'one', 'npm', today()),
  ghsaRecord('GHSA-aaaa-bbbb-cccc', 'two'),
  pysecRecord('PYSEC-2023-7', 'three'),
];

test('update puts records in force, show says what is', async () => {
  expect(await run(['show'])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('there is no feed'),
  });
  const zip = await place.zip('all.zip', RECORDS(), [{ path: 'broken.json', bytes: '{' }]);
  expect(await run(['update', zip])).toEqual({
    code: 0,
    stdout: '',
    stderr:
      'sallyport: 3 records of 3 packages are in force\n' +
      'sallyport: 1 records, or names in them, could not be read and are left out\n',
  });
  const shown = await run(['show']);
  expect(shown).toMatchObject({ code: 0, stderr: '' });
  expect(shown.stdout).toMatch(
    /^feed {6}sha256:[0-9a-f]{64}\nas of .*\(0 hours old\).*\nstale {5}no, .*\nknows {5}3 records of 3 packages\n {2}npm .* 1 malware, 1 vulnerabilities, 2 packages\n {2}pypi .* 0 malware, 1 vulnerabilities, 1 packages\nsource .*all\.zip: 3 records, 1 unreadable/,
  );
  const [json] = linesOf(await run(['show', '--json']));
  expect(json).toMatchObject({ stale: false, records: 3, packages: 3, ecosystems: { npm: { malware: 1 } } });
  const again = await run(['update', '--json', zip]);
  expect(linesOf(again)[0]).toMatchObject({ digest: json.digest });
  expect(again.stderr).toContain('(before: 3)');
});

test('without a name it reads what is configured; without either it says so', async () => {
  expect(await run(['update'])).toMatchObject({ code: 2, stderr: expect.stringContaining('SALLYPORT_FEED') });
  const zips = [
    await place.zip('a.zip', RECORDS().slice(0, 1)),
    await place.zip('b.zip', RECORDS().slice(1)),
  ];
  expect(await run(['update'], { SALLYPORT_FEED: zips.join(', ') })).toMatchObject({ code: 0 });
  expect(linesOf(await run(['show', '--json']))[0].sources).toHaveLength(2);
});

test('one that fails changes nothing, says why in one line of printable words, and ends with 1', async () => {
  await run(['update', await place.zip('a.zip', RECORDS())]);
  const before = await readFile(join(place.dir, 'status.json'), 'utf8');
  const zip = await place.put('b\u001b[31m.zip', 'no zip');
  for (const from of [
    zip,
    join(place.root, 'nowhere'),
    'ftp://feed.example/all.zip',
    'https://ann:secret@feed.example/all.zip',
  ]) {
    const { code, stdout, stderr } = await run(['update', from]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /^sallyport: the feed was not updated, and what was in force stays: [\x20-\x7e]+\n$/,
    );
    expect(stderr).not.toContain('secret');
  }
  expect(await run(['update', await place.zip('c.zip', RECORDS().slice(0, 1))])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(
      'it has 1 records, and the one in force has 3; if that is right, say --force',
    ),
  });
  expect(await readFile(join(place.dir, 'status.json'), 'utf8')).toBe(before);
  expect(await run(['update', '--force', join(place.root, 'c.zip')])).toMatchObject({ code: 0 });
});

test('an old copy is said to be one, and show ends with 1; a broken one ends with 3', async () => {
  const zip = await place.zip('a.zip', [
    malRecord('MAL-2024-1', 'one', 'npm', { modified: '2024-03-01T00:00:00Z' }),
  ]);
  const updated = await run(['update', zip]);
  expect(updated).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('of 2024-03-02T00:00:00.000Z, which is older'),
  });
  const shown = await run(['show']);
  expect(shown).toMatchObject({ code: 1, stderr: 'sallyport: the feed is older than it may be\n' });
  expect(shown.stdout).toContain('stale     yes, since 2024-03-05T00:00:00.000Z');
  await place.put('data/feed/status.json', '{}');
  expect(await run(['show'])).toMatchObject({
    code: 3,
    stdout: '',
    stderr: expect.stringContaining('nothing is served until'),
  });
});

describe('from an address', () => {
  let server: Server;
  let base: string;
  let zip: Buffer;
  const asked: string[] = [];
  beforeEach(async () => {
    zip = await readFile(await place.zip('all.zip', RECORDS()));
    server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '', 'http://x.test');
      asked.push(pathname);
      const to = new URL(request.url ?? '', 'http://x.test').searchParams.get('to');
      if (to !== null) response.writeHead(302, { location: to }).end();
      else if (pathname === '/all.zip') response.writeHead(200, { 'content-length': zip.length }).end(zip);
      else if (pathname === '/short.zip') {
        response.writeHead(200, { 'content-length': zip.length });
        response.write(zip.subarray(0, 200), () => response.destroy());
      } else if (pathname === '/page.zip') response.writeHead(200).end('<html>come in</html>');
      else if (pathname === '/packed.zip') response.writeHead(200, { 'content-encoding': 'gzip' }).end(zip);
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  test('a zip is fetched, also where the host sends elsewhere on itself; its query is not told', async () => {
    expect(await run(['update', `${base}/all.zip?key=secret`])).toMatchObject({ code: 0 });
    expect((await run(['show'])).stdout).toContain(`source    ${base}/all.zip: 3 records`);
    expect(await readFile(join(place.dir, 'status.json'), 'utf8')).not.toContain('secret');
    expect(await run(['update', `${base}/latest?to=/all.zip`])).toMatchObject({ code: 0 });
  });

  test.each([
    ['/none.zip', 'answered with 404'],
    ['/short.zip', 'could not be fetched'],
    ['/page.zip', 'no zip'],
    ['/packed.zip', 'encoding that was not asked for'],
    ['/x?to=/x%3Fto=/x', '404'],
    ['/x?to=http://other.test/all.zip', 'redirects to another host'],
    ['/x?to=file:///etc/passwd', 'redirects to another host'],
  ])('%s: %s', async (path, words) => {
    const { code, stderr } = await run(['update', base + path]);
    expect(code).toBe(1);
    expect(stderr).toContain(words);
  });

  test('round and round ends', async () => {
    asked.length = 0;
    const loop = createServer((_, response) => response.writeHead(302, { location: '/again' }).end());
    await new Promise<void>((resolve) => loop.listen(0, '127.0.0.1', resolve));
    const { code, stderr } = await run([
      'update',
      `http://127.0.0.1:${(loop.address() as AddressInfo).port}/a.zip`,
    ]);
    loop.closeAllConnections();
    loop.close();
    expect([code, stderr.includes('redirects too often')]).toEqual([1, true]);
  });
});
