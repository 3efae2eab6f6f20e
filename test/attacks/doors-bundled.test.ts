import { afterAll, beforeAll, expect, test } from 'vitest';
import { leafHash } from '../../src/ledger/canonical.ts';
import { columnsOfBytes } from '../../src/ledger/columns.ts';
import { MAX_BUNDLED } from '../../src/verify/bundled.ts';
import { asking, openPlace, type Place } from '../api/place.ts';
import { decision, sha256, sha512 } from '../ledger/fixtures/drafts.ts';

// A package can bundle so many others, or one without a version, that the one which matters is not named in its entry.
// Who asks for that one is told that such entries are there.

const FILLERS = Array.from({ length: 70 }, (_, i) => `@a/${String(i).padStart(210, 'a')}@1.0.0`);
const hostile = (bundled: { packages: readonly string[]; unnamed: number }, name: string) =>
  decision({
    name,
    version: '1.0.0',
    file: `${name}-1.0.0.tgz`,
    digests: { sha256: sha256(name), sha512: sha512(name) },
    bundled,
  });

let place: Place;
let ask: ReturnType<typeof asking>['ask'];
beforeAll(async () => {
  place = await openPlace();
  ({ ask } = asking(place.ports));
});
afterAll(() => place?.close());

test('what was pushed out of an entry is no silence for who asks for it', async () => {
  await place.append(hostile({ packages: ['inner@1.0.0'], unnamed: 0 }, 'honest'));
  expect((await ask('entries?package=inner')).json().notes).toEqual([]);
  await place.append(
    hostile({ packages: [...FILLERS, 'event-stream@3.3.6'], unnamed: 0 }, 'pushing'),
    hostile({ packages: [], unnamed: 1 }, 'versionless'),
  );
  const asked = (await ask('entries?package=event-stream')).json();
  expect(asked.entries).toEqual([]);
  expect(asked.notes).toEqual([expect.stringContaining('BUNDLED_UNNAMED')]);
  expect((await ask('stats?by=agent&package=event-stream')).json().notes).toHaveLength(1);
  const lines = await ask('entries?package=event-stream', { accept: 'application/jsonl' });
  expect(lines.headers['x-sallyport-note']).toContain('2 admissions');
  const named = (await ask('entries?code=BUNDLED_UNNAMED')).json().entries;
  expect(named.map(({ entry }: { entry: { name: string } }) => entry.name)).toEqual([
    'pushing',
    'versionless',
  ]);
});

test('names that mean something to a program are names', async () => {
  const names = ['__proto__', 'constructor', 'toString'].map((name) => `${name}@1.0.0`);
  await place.append(hostile({ packages: [...names].sort(), unnamed: 0 }, 'clever'));
  for (const name of ['constructor', 'toString', 'constructor@1.0.0']) {
    const [found] = (await ask(`entries?package=${name}`)).json().entries;
    expect(found?.entry.name, name).toBe('clever');
  }
});

test('as many as are ever named make an entry that is written, and is whole', async () => {
  const packages = Array.from({ length: MAX_BUNDLED }, (_, i) => `p${i}@1.0.0`).sort();
  await place.append(hostile({ packages, unnamed: 98_000 }, 'crowded'));
  const [found] = (await ask('entries?code=BUNDLED_UNNAMED&order=desc&limit=1')).json().entries;
  expect(found.entry).toMatchObject({ name: 'crowded', bundledCut: 'yes', bundledUnnamed: 98_000 });
  for await (const { bytes, leaf } of place.ledger.query({ leaf: found.leaf })) {
    expect(leafHash(bytes)).toBe(leaf);
    expect(columnsOfBytes(bytes).bundled.length).toBe(found.entry.bundled.length);
  }
});
