import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { decisionEntry } from '../../src/ledger/entry-decision.ts';
import type { MemoryReader } from '../../src/ledger/ledger.ts';
import { openLedgerReader } from '../../src/ledger/open.ts';
import { reindexLedger } from '../../src/ledger/reindex.ts';
import type { ArtifactId } from '../../src/model/artifact.ts';
import { MAX_TAKEN, type TakenPlaces } from '../../src/model/taken-places.ts';
import { inspection, openTemporary, packageId, sha256, sha512, temporaryFolder } from './samples.ts';

interface Admitted {
  readonly profile?: string;
  readonly verdict?: 'allow' | 'refuse';
  readonly route?: string;
  readonly ecosystem?: string;
  readonly kind?: string;
  /** There are no bytes of it. */
  readonly bare?: boolean;
  readonly observed?: boolean;
  readonly taken?: TakenPlaces;
}

/** A decision on a file with these places; null: its entry does not say where it lands. */
function wheel(name: string, places: readonly string[] | null, more: Admitted = {}) {
  const { verdict = 'allow', ecosystem = 'pypi', kind = 'wheel' } = more;
  return decisionEntry({
    id: 'r1',
    time: 1,
    agent: 'ana',
    profile: more.profile ?? 'default',
    mode: 'enforce',
    route: more.route ?? 'artifact',
    method: 'GET',
    ecosystem,
    name,
    version: '1.0',
    file: `${name}-1.0-py3-none-any.whl`,
    digests: more.bare ? null : { sha256: sha256(name), sha512: sha512(name) },
    verdict,
    reasons: verdict === 'refuse' ? ['FOREIGN_PLACE'] : [],
    observed: more.observed ? [{ code: 'TOO_YOUNG', place: null }] : [],
    policy: sha256('p'),
    engine: '7',
    facts: { kind, places: places && { places, cut: false }, taken: more.taken ?? null },
  });
}

const pypi = (name: string) => packageId(name, 'pypi');

async function taken(
  ledger: { readonly memory: MemoryReader },
  name: string,
  places: readonly string[],
  profile = 'default',
) {
  const found = await ledger.memory.placesTaken(profile, pypi(name), places);
  return found.taken.map(({ place, by }) => `${place} of ${by}`);
}

describe('what was admitted', () => {
  test.each<[what: string, had: readonly string[], asked: readonly string[], found: readonly string[]]>([
    ['the same module', ['yaml', '_yaml'], ['yaml'], ['yaml of owner']],
    ['another spelling, which is one file on some disks', ['Yaml'], ['yAML'], ['yAML of owner']],
    ['a script', ['bin/tool'], ['bin/Tool'], ['bin/Tool of owner']],
    ['a file in its folder', ['yaml'], ['yaml/loader/x'], ['yaml/loader/x of owner']],
    ['the folder that holds its own', ['google/cloud/storage'], ['google'], ['google of owner']],
    ['a shared folder, as a whole', ['owner/'], ['owner'], ['owner of owner']],
    ['an __init__ over its own', ['yaml'], ['yaml/+'], ['yaml/+ of owner']],
    ['one with code', ['yaml'], ['yaml/__init__'], ['yaml/__init__ of owner']],
    [
      'an __init__ with code over one without',
      ['google/+'],
      ['google/__init__'],
      ['google/__init__ of owner'],
    ],
    ['an __init__ without code over one with', ['google/__init__'], ['google/+'], ['google/+ of owner']],
    ['one with code over another', ['google/__init__'], ['google/__init__'], ['google/__init__ of owner']],
    [
      'an __init__ with code in its shared folder',
      ['owner/'],
      ['owner/__init__'],
      ['owner/__init__ of owner'],
    ],
    ['a folder that others share', ['google/+'], ['google'], ['google of owner']],
    ['a part of its own shared folder', ['owner/', 'owner/x'], ['owner/x/y'], ['owner/x/y of owner']],
    ['a part of a folder of its name', ['owner/'], ['owner/x'], ['owner/x of owner']],
  ])('takes %s', async (_, had, asked, found) => {
    const ledger = await openTemporary();
    expect(await taken(ledger, 'other', asked)).toEqual([]);
    await ledger.append(wheel('owner', had));
    expect(await taken(ledger, 'other', asked)).toEqual(found);
    expect(await taken(ledger, 'owner', asked)).toEqual([]);
  });

  test.each<[what: string, had: readonly string[], asked: readonly string[], name?: string]>([
    ['a neighbour in a shared folder', ['google/cloud/storage'], ['google/cloud/bigquery', 'google/auth']],
    [
      'an __init__ that does the same',
      ['google/+', 'google/auth'],
      ['google/+', 'google/api', 'google/cloud/+'],
    ],
    ['an __init__ that does nothing in its shared folder', ['owner/'], ['owner/+']],
    ['a longer name', ['yaml'], ['yamllint', 'yaml_x', '_yaml']],
    ['the module of a script', ['bin/tool'], ['tool', 'bin/tool2']],
    ['its own part of a folder that is shared', ['owner/'], ['owner/core'], 'owner-core'],
    ['an __init__ in a folder of its own name', ['google/+'], ['google/'], 'google'],
    ['the same, deeper', ['azure/'], ['azure/mgmt/compute'], 'azure-mgmt-compute'],
    ['no place', ['yaml'], []],
  ])('does not take %s', async (_, had, asked, name = 'other') => {
    const ledger = await openTemporary();
    await ledger.append(wheel('owner', had));
    expect(await taken(ledger, name, asked)).toEqual([]);
  });

  test('a part by its name is none of a folder that is not shared', async () => {
    const ledger = await openTemporary();
    await ledger.append(wheel('requests', ['requests']));
    expect(await taken(ledger, 'requests-api', ['requests/api'])).toEqual(['requests/api of requests']);
  });

  test('a folder of the own name is not there to take what others have in it, but for parts by their name', async () => {
    const ledger = await openTemporary();
    await ledger.append(wheel('pyyaml', ['yaml/loader']));
    await ledger.append(wheel('yaml-core', ['yaml/core']));
    expect(await taken(ledger, 'yaml', ['yaml/'])).toEqual(['yaml/ of pyyaml']);
    expect(await taken(ledger, 'yaml', ['yaml/', 'yaml/core'])).toEqual([
      'yaml/ of pyyaml',
      'yaml/core of yaml-core',
    ]);
  });

  test('a part by its name is not what the owner of the folder has there', async () => {
    const ledger = await openTemporary();
    await ledger.append(wheel('poetry', ['poetry/', 'poetry/console']));
    expect(await taken(ledger, 'poetry-console', ['poetry/console/x'])).toEqual([
      'poetry/console/x of poetry',
    ]);
    expect(await taken(ledger, 'poetry-core', ['poetry/core'])).toEqual([]);
    expect(await taken(ledger, 'poetry', ['poetry'])).toEqual([]);
  });

  test('where nobody knows where it lands, the folder of its name is taken', async () => {
    const ledger = await openTemporary();
    await ledger.append(wheel('old', null));
    await ledger.append(wheel('src', [], { kind: 'sdist' }));
    await ledger.append(wheel('meta', []));
    expect(await taken(ledger, 'other', ['old', 'src/x', 'meta'])).toEqual(['old of old', 'src/x of src']);
  });

  test.each<[what: string, entry: ReturnType<typeof wheel>]>([
    ['a refusal', wheel('owner', ['yaml'], { verdict: 'refuse' })],
    ['what was let pass in mode observe', wheel('owner', ['yaml'], { observed: true })],
    ['a document without the bytes', wheel('owner', ['yaml'], { bare: true, route: 'metadata' })],
    ['another profile', wheel('owner', ['yaml'], { profile: 'strict' })],
    ['another ecosystem', wheel('owner', ['yaml'], { ecosystem: 'npm' })],
  ])('%s takes nothing', async (_, entry) => {
    const ledger = await openTemporary();
    await ledger.append(entry);
    expect(await taken(ledger, 'other', ['yaml', 'owner'])).toEqual([]);
  });

  test('who had a place first keeps it, and so does who was admitted with it in spite of that', async () => {
    const ledger = await openTemporary();
    await ledger.append(wheel('first', ['yaml']));
    const known = { taken: [{ place: 'yaml', by: 'first' }], more: false };
    await ledger.append(wheel('second', ['yaml'], { taken: known }));
    expect(await taken(ledger, 'first', ['yaml'])).toEqual([]);
    // Once more it would have to be let pass.
    expect(await taken(ledger, 'second', ['yaml'])).toEqual(['yaml of first']);
    expect(await taken(ledger, 'third', ['yaml'])).toEqual(['yaml of first', 'yaml of second']);
  });

  test('what it was admitted with later is no older than that', async () => {
    const ledger = await openTemporary();
    await ledger.append(wheel('a', ['a']));
    await ledger.append(wheel('b', ['b']));
    expect(await taken(ledger, 'a', ['a', 'b'])).toEqual(['b of b']);
  });
});

test('an entry that does not know of another one is not written', async () => {
  const ledger = await openTemporary();
  // Both were decided on before either was entered.
  const both = await Promise.allSettled([
    ledger.append(wheel('one', ['yaml'])),
    ledger.append(wheel('two', ['yaml'])),
  ]);
  expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  expect(both[1]).toMatchObject({ reason: { code: 'taken' } });
  expect(await taken(ledger, 'three', ['yaml'])).toEqual(['yaml of one']);
  const known = { taken: [{ place: 'yaml', by: 'one' }], more: false };
  expect((await ledger.append(wheel('two', ['yaml'], { taken: known }))).seq).toBe(1);
  // A refusal is a refusal, whatever it knew.
  await ledger.append(wheel('four', ['yaml'], { verdict: 'refuse' }));
});

test('of very many others some are told, and that there are more', async () => {
  const ledger = await openTemporary();
  for (let i = 0; i <= MAX_TAKEN; i++)
    await ledger.append(wheel(`p${i}`, ['yaml'], { taken: { taken: [], more: true } }));
  const found = await ledger.memory.placesTaken('default', pypi('x'), ['yaml']);
  expect(found.taken).toHaveLength(MAX_TAKEN);
  expect(found.more).toBe(true);
});

test('of a package all files that were inspected', async () => {
  const ledger = await openTemporary();
  await ledger.append(wheel('owner', ['yaml', '_yaml', 'z/']));
  const file = (filename: string): ArtifactId => ({ ...pypi('x'), version: '1.0', filename });
  await ledger.memory.inspected(inspection(file('a.whl'), 'a', { places: ['x', 'yaml/y'] }));
  expect((await ledger.memory.placesTaken('default', pypi('x'), null)).taken).toEqual([
    { place: 'yaml/y', by: 'owner' },
  ]);
  await ledger.memory.inspected(inspection(file('b.whl'), 'b', { places: ['_yaml'] }));
  expect((await ledger.memory.placesTaken('default', pypi('x'), null)).taken).toEqual([
    { place: '_yaml', by: 'owner' },
    { place: 'yaml/y', by: 'owner' },
  ]);
  expect((await ledger.memory.placesTaken('default', packageId('x'), null)).taken).toEqual([]);
});

/** A folder of which the ledger has two admissions, closed. */
async function written(): Promise<string> {
  const dir = temporaryFolder();
  const ledger = await openTemporary(dir);
  await ledger.append(wheel('owner', ['yaml']));
  await ledger.append(wheel('late', ['late/']));
  await ledger.close();
  return dir;
}

function change(dir: string, sql: string): void {
  const db = new Database(join(dir, 'ledger', 'ledger.db'));
  db.exec(sql);
  db.close();
}

const CLAIMS = ['late/x of late', 'yaml of owner'];

test('it is kept, and a data folder without it gets it from its entries', async () => {
  const dir = await written();
  const again = await openTemporary(dir);
  expect(await taken(again, 'other', ['yaml', 'late/x'])).toEqual(CLAIMS);
  await again.close();
  change(dir, 'DROP TABLE place_claim; DROP TABLE place_state; PRAGMA user_version = 7;');
  await expect(openLedgerReader({ dir })).rejects.toThrow(/older sallyport/);
  const old = await openTemporary(dir);
  expect(await taken(old, 'other', ['yaml', 'late/x'])).toEqual(CLAIMS);
});

test('a filling that was broken off goes on, and nobody looks meanwhile', async () => {
  const dir = await written();
  change(dir, 'DELETE FROM place_claim WHERE seq = 1; UPDATE place_state SET filled = 0;');
  const reader = await openLedgerReader({ dir });
  onTestFinished(() => reader.close());
  await expect(reader.memory.placesTaken('default', pypi('x'), ['yaml'])).rejects.toMatchObject({
    code: 'unavailable',
  });
  await (await openTemporary(dir)).close();
  expect(await taken(reader, 'other', ['yaml', 'late/x'])).toEqual(CLAIMS);
});

test('what is missing from it is named, and reindex brings it back and takes nothing away', async () => {
  const dir = await written();
  change(
    dir,
    `DELETE FROM place_claim WHERE name = 'owner'; UPDATE place_claim SET seq = 9;
    INSERT INTO place_claim VALUES ('default', 'gone', 'withdrawn', 0)`,
  );
  const reader = await openLedgerReader({ dir });
  const faults = [];
  for await (const fault of reader.indexFaults()) faults.push(fault);
  expect(faults).toEqual([0, 1].map((seq) => ({ seq, what: 'is not in the memory of places' })));
  await reader.close();
  await reindexLedger({ dir });
  const ledger = await openTemporary(dir);
  expect(await taken(ledger, 'other', ['yaml', 'late/x', 'gone'])).toEqual(['gone of withdrawn', ...CLAIMS]);
  await ledger.append(wheel('next', ['next']));
  expect(await taken(ledger, 'late', ['late/x', 'next'])).toEqual(['next of next']);
});
