import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeZip } from '../verify/zip-writer.ts';
import { type FeedPlace, feedPlace, npmPackage, pypiPackage } from './place.ts';
import { ghsaRecord, malRecord, pysecRecord } from './records.ts';

let place: FeedPlace;
beforeEach(async () => {
  place = await feedPlace();
});
afterEach(() => place.remove());

const idsOf = (name: string) => {
  const feed = place.open();
  const ids = feed.of(npmPackage(name)).records.map(({ id }) => id);
  feed.close();
  return ids;
};

describe('what is read', () => {
  test('a folder: records, lines, zips, at any depth; nothing else', async () => {
    await place.put('osv/npm/MAL-2026-1.json', JSON.stringify(malRecord('MAL-2026-1', 'one')));
    await place.put('osv/a/b/c/MAL-2026-2.json', JSON.stringify(malRecord('MAL-2026-2', 'two')));
    await place.put(
      'osv/lines.jsonl',
      `${JSON.stringify(malRecord('MAL-2026-3', 'three'))}\r\n\n${JSON.stringify(malRecord('MAL-2026-4', 'four'))}`,
    );
    await place.zip(
      'osv/more/all.zip',
      [malRecord('MAL-2026-5', 'five')],
      [{ path: 'README.md', bytes: 'words' }],
    );
    await place.put('osv/notes.txt', 'words');
    const { status } = await place.update(join(place.root, 'osv'));
    expect(status).toMatchObject({ records: 5, packages: 5, sources: [{ records: 5, unreadable: 0 }] });
    for (const [i, name] of ['one', 'two', 'three', 'four', 'five'].entries())
      expect(idsOf(name)).toEqual([`MAL-2026-${i + 1}`]);
  });

  test('a zip by any name, a single record, a file: address, and several at once', async () => {
    const zip = await place.zip('export', [malRecord('MAL-2026-1', 'one')]);
    const json = await place.put('one.json', JSON.stringify(pysecRecord('PYSEC-2023-7', 'Two')));
    const { status } = await place.update([zip, `file://${json}`]);
    expect(status.ecosystems).toEqual({
      npm: { malware: 1, vulnerability: 0, packages: 1 },
      pypi: { malware: 0, vulnerability: 1, packages: 1 },
    });
    const feed = place.open();
    expect(feed.of(pypiPackage('two')).records).toHaveLength(1);
    feed.close();
  });

  test('links are not followed', async () => {
    const outside = await place.put(
      'outside/MAL-2026-9.json',
      JSON.stringify(malRecord('MAL-2026-9', 'nine')),
    );
    await place.put('osv/MAL-2026-1.json', JSON.stringify(malRecord('MAL-2026-1', 'one')));
    await symlink(outside, join(place.root, 'osv', 'MAL-2026-9.json'));
    await symlink(join(place.root, 'outside'), join(place.root, 'osv', 'folder'));
    await symlink(join(place.root, 'osv'), join(place.root, 'osv', 'round'));
    expect((await place.update(join(place.root, 'osv'))).status.records).toBe(1);
  });

  test('what cannot be read is counted, and the rest counts', async () => {
    await place.put('osv/a.json', '{ "id": "MAL-2026-8", ');
    await place.put('osv/b.json', Buffer.from('7b226964223a22ff227d', 'hex'));
    await place.put('osv/c.json', JSON.stringify({ name: 'package', version: '1.0.0' }));
    await place.put(
      'osv/d.json',
      JSON.stringify({ ...malRecord('MAL-2026-7', 'w'), details: 'x'.repeat(5_000) }),
    );
    await place.put(
      'osv/lines.jsonl',
      `${'y'.repeat(9_000)}\n${JSON.stringify(malRecord('MAL-2026-2', 'two'))}\n`,
    );
    await place.put('osv/e.json', JSON.stringify(malRecord('MAL-2026-1', 'one')));
    const { status } = await place.update(join(place.root, 'osv'), { limits: { record: 4_000 } });
    expect(status).toMatchObject({ records: 2, sources: [{ records: 2, unreadable: 5 }] });
  });
});

describe('a hostile zip', () => {
  const good = { path: 'MAL-2026-1.json', bytes: JSON.stringify(malRecord('MAL-2026-1', 'one')) };
  const zeros = Buffer.alloc(1_000_000, 0x20);

  test.each([
    ['that is none', Buffer.from('PK\x03\x04 and nothing more'), /cannot be read as a zip/],
    ['that is empty bytes', Buffer.alloc(0), /cannot be read as a zip/],
    ['that is encrypted', makeZip([{ ...good, flags: 1 }]), /encrypted/],
    [
      'with a name that leads out',
      makeZip([{ ...good, path: '../../MAL-2026-1.json' }]),
      /cannot be read as a zip: invalid relative path/,
    ],
    [
      'with an absolute name',
      makeZip([{ ...good, path: '/etc/MAL-2026-1.json' }]),
      /cannot be read as a zip: absolute path/,
    ],
    ['with another checksum', makeZip([{ ...good, central: { crc: 1 } }]), /not what its directory says/],
    ['with a smaller size than it has', makeZip([{ ...good, central: { size: 10 } }]), /zip/],
    [
      'with a larger size than it has',
      makeZip([{ ...good, central: { size: 100_000 } }]),
      /not what its directory says/,
    ],
    ['packed in another way', makeZip([{ ...good, method: 12 }]), /packed in a way/],
    ['cut short', makeZip([good, { ...good, path: 'b.json' }]).subarray(30), /zip/],
  ])('%s fails the update', async (_, bytes, words) => {
    const zip = await place.put('bad.zip', bytes);
    await expect(place.update(zip)).rejects.toThrow(words);
    await expect(place.update(zip)).rejects.toThrow(zip);
  });

  test('a bomb unpacks no further than its bound', async () => {
    const bomb = await place.put(
      'bomb.zip',
      makeZip(Array.from({ length: 90 }, (_, i) => ({ path: `${i}.json`, bytes: zeros }))),
    );
    await expect(place.update(bomb)).rejects.toThrow('more than an export of advisories does');
    await expect(place.update(bomb, { limits: { unpacked: 3_000_000 } })).rejects.toThrow(
      'more than an export',
    );
  });

  test('an entry that says it is small and is not, is not unpacked whole', async () => {
    const packed = deflateRawSync(Buffer.alloc(50_000_000));
    const zip = await place.put(
      'liar.zip',
      makeZip([{ path: 'x.json', bytes: Buffer.alloc(50_000_000), central: { size: 100 } }]),
    );
    expect(packed.length).toBeLessThan(60_000);
    await expect(place.update(zip)).rejects.toThrow(/zip/);
  });

  test('with more entries than may be', async () => {
    const zip = await place.zip(
      'many.zip',
      [1, 2, 3, 4].map((i) => malRecord(`MAL-2026-${i}`, `w${i}`)),
    );
    await expect(place.update(zip, { limits: { entries: 3 } })).rejects.toThrow('it has 4 entries');
    const folder = join(place.root, 'folder');
    for (const i of [1, 2, 3, 4])
      await place.put(`folder/${i}.json`, JSON.stringify(malRecord(`MAL-2026-${i}`, 'w')));
    await expect(place.update(folder, { limits: { entries: 3 } })).rejects.toThrow('more than 3 records');
  });

  test('with one name twice: both are read', async () => {
    const zip = await place.put(
      'twice.zip',
      makeZip([good, { ...good, bytes: JSON.stringify(malRecord('MAL-2026-2', 'two')) }]),
    );
    expect((await place.update(zip)).status.records).toBe(2);
  });
});

describe('of one id', () => {
  const copies = async (...members: object[]) => {
    const paths = await Promise.all(
      members.map((one, i) =>
        place.put(`${i}.json`, JSON.stringify(malRecord('MAL-2026-1', 'one', 'npm', { ...one }))),
      ),
    );
    await place.update([...paths, await place.put('z.json', JSON.stringify(malRecord('MAL-2026-2', 'two')))]);
    return idsOf('one');
  };
  const [older, newer] = [{ modified: '2026-05-01T00:00:00Z' }, { modified: '2026-05-02T00:00:00Z' }];
  const withdrawn = { withdrawn: '2026-05-02T00:00:00Z' };

  test('the copy that was changed last counts, in any order', async () => {
    expect(await copies(older, { ...newer, ...withdrawn })).toEqual([]);
    expect(await copies({ ...newer, ...withdrawn }, older)).toEqual([]);
    expect(await copies(newer, { ...older, ...withdrawn })).toEqual(['MAL-2026-1']);
  });

  test('a copy that does not say when withdraws nothing', async () => {
    expect(await copies(older, { modified: 'lately', ...withdrawn })).toEqual(['MAL-2026-1']);
    expect(await copies({ modified: 'lately' }, { ...newer, ...withdrawn })).toEqual(['MAL-2026-1']);
  });
});

test('records that alias each other share the worst severity that any of them gives', async () => {
  const records = [
    pysecRecord('PYSEC-2023-7', 'two'),
    ghsaRecord('GHSA-aaaa-bbbb-cccc', 'two', {
      aliases: ['CVE-2023-2222'],
      database_specific: { severity: 'CRITICAL' },
    }),
    pysecRecord('PYSEC-2023-8', 'two', { aliases: ['CVE-2020-1'] }),
    pysecRecord('PYSEC-2023-9', 'two', {
      aliases: ['CVE-2020-1'],
      severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:L/A:N' }],
    }),
    pysecRecord('PYSEC-2023-6', 'two', { aliases: [] }),
    malRecord('MAL-2026-3', 'two', 'PyPI'),
  ];
  await place.update(await place.zip('all.zip', records));
  const feed = place.open();
  // Malware first, then the worst; what does not say is taken for the worst.
  expect(feed.of(pypiPackage('two')).records.map(({ id, severity }) => [id, severity])).toEqual([
    ['MAL-2026-3', null],
    ['PYSEC-2023-6', null],
    ['PYSEC-2023-7', 'critical'],
    ['PYSEC-2023-8', 'moderate'],
    ['PYSEC-2023-9', 'moderate'],
  ]);
  expect(feed.of(npmPackage('two')).records.map(({ severity }) => severity)).toEqual(['critical']);
  feed.close();
});
