import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { servedEntry } from '../../src/ledger/entry.ts';
import type { EntryDraft, Ledger } from '../../src/ledger/ledger.ts';
import type { EvidenceOutcome } from '../../src/model/evidence.ts';
import { NO_FACTS } from '../../src/model/facts.ts';
import {
  all,
  artifact,
  bytesOf,
  carriedFile,
  claim,
  decision,
  files,
  inspection,
  outcome,
  packageId,
  parsed,
  places,
  proven,
  sha256,
  sha512,
  sighting,
  signer,
} from './samples.ts';

/** What a ledger's home is to the contract: opened as often as needed, each time with what was in it. */
export interface Home {
  open(): Promise<Ledger>;
}

/** What every ledger must hold, whatever database is behind it. `newHome` gives an empty one. */
export function ledgerContract(name: string, newHome: () => Home): void {
  describe(`${name}: append`, () => appendContract(newHome));
  describe(`${name}: query`, () => queryContract(newHome));
  describe(`${name}: memory of indexes`, () => indexContract(newHome));
  describe(`${name}: memory of artifacts`, () => artifactContract(newHome));
  describe(`${name}: memory of evidence`, () => evidenceContract(newHome));
}

const opened = async (newHome: () => Home) => await newHome().open();

function appendContract(newHome: () => Home): void {
  test('what is no entry is refused and leaves no gap', async () => {
    const ledger = await opened(newHome);
    const bad: unknown[] = [
      { type: 'decision', time: 1 },
      { type: 'decision', id: 'a' },
      { type: 'other', id: 'a', time: 1 },
      { type: 'decision', id: 'a', time: 1, x: null },
      { type: 'decision', id: 'a', time: 1, x: 0.5 },
      { type: 'decision', id: 'a', time: 1, x: true },
      { type: 'decision', id: 'a', time: 1, x: '\ud800' },
    ];
    for (const draft of bad) {
      await expect(ledger.append(draft as EntryDraft), JSON.stringify(draft)).rejects.toMatchObject({
        name: 'LedgerError',
        code: 'malformed',
      });
    }
    await expect(ledger.append({ ...decision(), x: 'x'.repeat(20_000) })).rejects.toMatchObject({
      code: 'too-large',
    });
    expect((await ledger.append(decision())).seq).toBe(0);
    expect(await all(ledger)).toHaveLength(1);
  });

  test('an entry is in the log as the bytes that its leaf hash is of', async () => {
    const ledger = await opened(newHome);
    const draft = decision({ agent: 'ünï ', client: 'npm/11 "x"' });
    const receipt = await ledger.append(draft);
    const [stored] = await all(ledger);
    expect(stored).toEqual({ seq: 0, leaf: receipt.leaf, bytes: bytesOf(draft) });
    const leaf = createHash('sha256')
      .update(Buffer.from([0]))
      .update(stored?.bytes ?? '');
    expect(receipt.leaf).toBe(leaf.digest('hex'));
  });

  test('many at once: places 0, 1, 2 … without a gap, each once, in the order of the calls', async () => {
    const ledger = await opened(newHome);
    const drafts = Array.from({ length: 1500 }, (_, i) => decision({ id: `r${i}` }));
    const receipts = await Promise.all(drafts.map((draft) => ledger.append(draft)));
    expect(receipts.map((receipt) => receipt.seq)).toEqual(drafts.map((_, i) => i));
    const stored = await all(ledger);
    expect(stored.map((entry) => parsed(entry.bytes)['id'])).toEqual(drafts.map((draft) => draft.id));
    expect(stored.map((entry) => entry.leaf)).toEqual(receipts.map((receipt) => receipt.leaf));
  });

  test('all of it is there when the ledger is opened again, and places go on', async () => {
    const home = newHome();
    const before = await home.open();
    await before.append(decision(), claim(artifact('a'), 'bytes'));
    await before.close();
    const after = await home.open();
    expect((await after.append(decision())).seq).toBe(1);
    await expect(after.append(decision(), claim(artifact('a'), 'other'))).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(await places(after, {})).toEqual([0, 1]);
  });

  test('a closed ledger takes nothing; what was under way is kept', async () => {
    const home = newHome();
    const ledger = await home.open();
    const last = ledger.append(decision());
    await ledger.close();
    expect((await last).seq).toBe(0);
    await expect(ledger.append(decision())).rejects.toMatchObject({ code: 'unavailable' });
    expect(ledger.health()).toBe('dead');
    await expect(all(ledger)).rejects.toMatchObject({ code: 'unavailable' });
    expect(await places(await home.open(), {})).toEqual([0]);
  });

  test('a second digest for a file is a conflict and writes nothing; the same again is fine', async () => {
    const ledger = await opened(newHome);
    const file = artifact('left-pad');
    await ledger.append(decision(), claim(file, 'first'));
    await ledger.append(decision(), claim(file, 'first'));
    for (const other of [
      claim(file, 'second'),
      { ...claim(file, 'first'), sha512: sha512('second') },
      { ...claim(file, 'first'), sha256: sha256('second') },
      { ...claim(file, 'second'), artifact: { ...file, version: '2.0.0' } },
    ]) {
      await expect(ledger.append(decision(), other)).rejects.toMatchObject({ code: 'conflict' });
    }
    expect(await places(ledger, {})).toEqual([0, 1]);
    const { first } = await ledger.memory.fileFacts(file, file.filename);
    expect(first).toEqual({ sha256: sha256('first'), sha512: sha512('first') });
  });

  test('of two claims at the same moment one wins, and the others around them are written', async () => {
    const ledger = await opened(newHome);
    const file = artifact('race');
    const outcomes = await Promise.allSettled([
      ledger.append(decision()),
      ledger.append(decision(), claim(file, 'one')),
      ledger.append(decision(), claim(file, 'two')),
      ledger.append(decision()),
    ]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(await places(ledger, {})).toEqual([0, 1, 2]);
    expect((await ledger.memory.fileFacts(file, file.filename)).first?.sha256).toBe(sha256('one'));
  });

  test('a write that the database itself refuses takes none of its neighbours with it', async () => {
    const ledger = await opened(newHome);
    const file = artifact('odd');
    const outcomes = await Promise.allSettled([
      ledger.append(decision()),
      ledger.memory.inspected(inspection(file, 'x', { size: 0.5 })),
      ledger.append(decision(), { ...claim(file, 'x'), size: 0.5 }),
      ledger.append(decision()),
    ]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
    ]);
    expect(await places(ledger, {})).toEqual([0, 1]);
    expect(await ledger.memory.fileFacts(file, file.filename)).toEqual(NO_FACTS);
    expect(await ledger.memory.artifactBy(sha256('x'))).toBeNull();
  });

  test('a file of the same name in another package or ecosystem has its own first digest', async () => {
    const ledger = await opened(newHome);
    const one = artifact('a', '1.0.0', 'same.tgz');
    await ledger.append(decision(), claim(one, 'one'));
    await ledger.append(decision(), claim(artifact('b', '1.0.0', 'same.tgz'), 'two'));
    await ledger.append(decision(), claim({ ...one, ecosystem: 'pypi' }, 'three'));
    expect((await ledger.memory.fileFacts(one, 'same.tgz')).first?.sha256).toBe(sha256('one'));
  });
}

function queryContract(newHome: () => Home): void {
  async function filled(): Promise<Ledger> {
    const ledger = await opened(newHome);
    await ledger.append(decision({ time: 100, agent: 'ana', name: 'express', version: '4.0.0' }));
    await ledger.append(decision({ time: 300, agent: 'bo', name: 'express', version: '5.0.0' }));
    await ledger.append(
      decision({ time: 200, agent: 'bo', name: 'evil', verdict: 'refuse', reasons: ['NOT_ALLOWLISTED'] }),
    );
    await ledger.append(
      decision({ time: 400, agent: 'ana', ecosystem: 'pypi', name: 'express', version: '1.0' }),
    );
    await ledger.append(servedEntry({ id: 'r1', time: 500, decision: 0, served: true, bytes: 10 }));
    await ledger.append(decision({ time: 600, name: '@acme/x', version: '1.0.0' }));
    await ledger.append(decision({ time: 700, name: '__proto__', verdict: 'refuse', reasons: ['DENIED'] }));
    return ledger;
  }

  test('a filter that cannot be read is an error, never an empty or a full answer', async () => {
    const ledger = await filled();
    for (const filter of [
      { package: 'pkg:' },
      { package: 'pkg:npm/' },
      { since: 0.5 },
      { after: Number.NaN },
      { limit: -1 },
      { package: 'x'.repeat(2000) },
    ]) {
      await expect(all(ledger, filter), JSON.stringify(filter)).rejects.toMatchObject({ code: 'malformed' });
    }
  });

  test('each filter alone and together', async () => {
    const ledger = await filled();
    const expected: [Parameters<Ledger['query']>[0], number[]][] = [
      [{}, [0, 1, 2, 3, 4, 5, 6]],
      [{ agent: 'bo' }, [1, 2]],
      [{ agent: "bo' OR 1=1 --" }, []],
      [{ package: 'express' }, [0, 1, 3]],
      [{ package: 'pkg:npm/express' }, [0, 1]],
      [{ package: 'pkg:npm/express@5.0.0' }, [1]],
      [{ package: 'pkg:pypi/express' }, [3]],
      [{ package: 'pkg:npm/%40acme/x@1.0.0' }, [5]],
      [{ package: '@acme/x' }, [5]],
      [{ package: '__proto__' }, [6]],
      [{ package: 'constructor' }, []],
      [{ verdict: 'refuse' }, [2, 6]],
      [{ verdict: 'allow' }, [0, 1, 3, 5]],
      [{ type: 'served' }, [4]],
      [{ type: 'alarm' }, []],
      [{ since: 200 }, [1, 2, 3, 4, 5, 6]],
      [{ since: 300 }, [1, 3, 4, 5, 6]],
      [{ until: 300 }, [0, 2]],
      [{ since: 200, until: 301 }, [1, 2]],
      [{ since: 800 }, []],
      [{ until: 100 }, []],
      [{ after: 2 }, [3, 4, 5, 6]],
      [{ after: 2, before: 5 }, [3, 4]],
      [{ after: 6 }, []],
      [{ limit: 2 }, [0, 1]],
      [{ limit: 0 }, []],
      [{ limit: 2, reverse: true }, [6, 5]],
      [{ package: 'express', agent: 'ana', limit: 1, reverse: true }, [3]],
      [{ agent: 'bo', verdict: 'refuse', type: 'decision', since: 200, until: 201 }, [2]],
    ];
    for (const [filter, answer] of expected) {
      expect(await places(ledger, filter), JSON.stringify(filter)).toEqual(answer);
    }
  });

  test('an empty ledger has no entries', async () => {
    expect(await all(await opened(newHome), { since: 0, reverse: true })).toEqual([]);
  });

  test('longer than a page, both ways, with appends meanwhile: each entry once, none that came later', async () => {
    const ledger = await opened(newHome);
    const appends = (count: number) =>
      Promise.all(
        Array.from({ length: count }, (_, i) => ledger.append(decision({ agent: i % 2 ? 'a' : 'b' }))),
      );
    await appends(1000);
    const seen: number[] = [];
    for await (const { seq } of ledger.query({ agent: 'a' })) {
      if (seen.push(seq) % 100 === 0) await appends(10);
    }
    expect(seen).toEqual(Array.from({ length: 500 }, (_, i) => 2 * i + 1));
    const back = await places(ledger, { before: 1000, reverse: true, limit: 700 });
    expect(back).toEqual(Array.from({ length: 700 }, (_, i) => 999 - i));
  });
}

function indexContract(newHome: () => Home): void {
  const id = packageId('express');

  test('nothing is known of what was never seen', async () => {
    const { memory } = await opened(newHome);
    expect(await memory.lastIndex(id)).toBeNull();
    expect(await memory.fileFacts(id, 'x')).toEqual(NO_FACTS);
    expect(new TextDecoder().decode(await memory.packageFacts(id))).toBe('[]');
    expect(await memory.artifactBy(sha256('x'))).toBeNull();
    expect(await memory.fileOrigins('npm')).toEqual([]);
    expect(await memory.knownNames('npm')).toEqual([]);
  });

  test('files that are no list of names and times are refused, and the index was not seen', async () => {
    const { memory } = await opened(newHome);
    const bad: unknown[] = [
      { a: '1' },
      [['a']],
      [['a', 1, 2]],
      [['a', 1, '', 4]],
      [['a', 1, '', -1]],
      [['a', 1, '', 1.5]],
      [['a', 1, '', '1']],
      [['a', 1, '', true]],
      [['a', 1, '', null]],
      [['a', 1, '', 1, 1]],
      [[1, 1]],
      [['', 1]],
      [['a', '1']],
      [['a', 0.5]],
      [['a', 1e300]],
      ['a'],
      'a',
      null,
    ];
    for (const list of bad) {
      const seen = memory.sawIndex(sighting(id, 1000), files(list));
      await expect(seen, JSON.stringify(list)).rejects.toMatchObject({ code: 'malformed' });
    }
    await expect(
      memory.sawIndex(sighting(id, 1000), new TextEncoder().encode('[["a",1')),
    ).rejects.toMatchObject({ code: 'malformed' });
    await expect(
      memory.sawIndex(sighting(id, 1000), new Uint8Array([0x22, 0xff, 0x22])),
    ).rejects.toMatchObject({
      code: 'malformed',
    });
    expect(await memory.lastIndex(id)).toBeNull();
    expect(await memory.knownNames('npm')).toEqual([]);
  });

  test('an index is confirmed unchanged only if it is the one that was seen', async () => {
    const { memory } = await opened(newHome);
    await expect(memory.sawIndex(sighting(id, 1, 'x'), null)).rejects.toMatchObject({ code: 'malformed' });
    await memory.sawIndex(sighting(id, 1, 'x'), files({}));
    await expect(memory.sawIndex(sighting(id, 2, 'y'), null)).rejects.toMatchObject({ code: 'malformed' });
    await expect(memory.sawIndex(sighting(id, 2, 'x', 'other'), null)).rejects.toMatchObject({
      code: 'malformed',
    });
    expect((await memory.lastIndex(id))?.at).toBe(1);
    const confirmed = { ...sighting(id, 2, 'x'), etag: '"2"', lastModified: 'then' };
    await memory.sawIndex(confirmed, null);
    expect(await memory.lastIndex(id)).toEqual(confirmed);
  });

  test('firstSeen is the first sighting, lastAbsent the last one without the file', async () => {
    const { memory } = await opened(newHome);
    await memory.sawIndex(sighting(id, 100, 'a'), files({ one: 50 }));
    await memory.sawIndex(sighting(id, 200, 'a'), null);
    await memory.sawIndex(sighting(id, 300, 'b'), files({ one: 50, two: 10 }));
    await memory.sawIndex(sighting(id, 400, 'c'), files({ two: 10 }));
    await memory.sawIndex(sighting(id, 500, 'd'), files({ one: 50, two: 10 }));
    // The very first sighting says nothing of when a file was absent.
    expect(await memory.fileFacts(id, 'one')).toEqual({ ...NO_FACTS, firstSeen: 100, claimedAt: 50 });
    // Absent when the index was last confirmed, at 200, not only when it last changed.
    expect(await memory.fileFacts(id, 'two')).toEqual({
      ...NO_FACTS,
      firstSeen: 300,
      lastAbsent: 200,
      claimedAt: 10,
    });
  });

  test('other bytes under a known name begin a clock of their own', async () => {
    const { memory } = await opened(newHome);
    const [a, b] = [`sha512:${'a'.repeat(128)}`, `sha512:${'b'.repeat(128)}`];
    const extra = `sha256:${'c'.repeat(64)}`;
    const see = (at: number, digests: string) =>
      memory.sawIndex(
        sighting(id, at, `d${at}`),
        new TextEncoder().encode(JSON.stringify([['f', 1, digests]])),
      );
    await see(100, a);
    await see(200, `${a} ${extra}`);
    await see(300, '');
    await see(400, a);
    // A digest that is added or taken away is no other file.
    expect(await memory.fileFacts(id, 'f')).toEqual({ ...NO_FACTS, firstSeen: 100, claimedAt: 1 });
    await see(500, b);
    expect(await memory.fileFacts(id, 'f')).toEqual({
      ...NO_FACTS,
      firstSeen: 100,
      lastAbsent: 500,
      claimedAt: 1,
    });
    await see(600, extra);
    expect(await memory.fileFacts(id, 'f')).toMatchObject({ firstSeen: 100, lastAbsent: 600 });
  });

  test('a file that had no digest at all begins its clock with the first one', async () => {
    const { memory } = await opened(newHome);
    await memory.sawIndex(sighting(id, 100, 'x'), files({ f: 1 }));
    const named = JSON.stringify([['f', 1, `sha256:${'c'.repeat(64)}`]]);
    await memory.sawIndex(sighting(id, 200, 'y'), new TextEncoder().encode(named));
    expect(await memory.fileFacts(id, 'f')).toMatchObject({ firstSeen: 100, lastAbsent: 200 });
  });

  test('an index from another source gives no lastAbsent, but keeps the clocks that run', async () => {
    const { memory } = await opened(newHome);
    await memory.sawIndex(sighting(id, 100, 'a', 'npm'), files({ one: 1 }));
    await memory.sawIndex(sighting(id, 200, 'b', 'private'), files({ one: 1, two: 2 }));
    expect(await memory.fileFacts(id, 'one')).toMatchObject({ firstSeen: 100 });
    expect(await memory.fileFacts(id, 'two')).toMatchObject({ firstSeen: 200, lastAbsent: null });
  });

  test('claimedAt is the latest time ever claimed: a later index makes no file older', async () => {
    const { memory } = await opened(newHome);
    const claimed = async (at: number, time: number | null) => {
      await memory.sawIndex(sighting(id, at), files({ f: time }));
      return (await memory.fileFacts(id, 'f')).claimedAt;
    };
    expect(await claimed(1, null)).toBeNull();
    expect(await claimed(2, 500)).toBe(500);
    expect(await claimed(3, 400)).toBe(500);
    expect(await claimed(4, null)).toBe(500);
    expect(await claimed(5, 600)).toBe(600);
    await memory.sawIndex(
      sighting(id, 6),
      files([
        ['f', 700],
        ['f', 650],
        ['f', null],
      ]),
    );
    expect(await memory.fileFacts(id, 'f')).toMatchObject({ firstSeen: 1, claimedAt: 700 });
  });

  test('the same facts are the same bytes, sorted by file name, whatever was learned first', async () => {
    const one = (await opened(newHome)).memory;
    const two = (await opened(newHome)).memory;
    const list = { b: 1, a: null, __proto: 2, ä: 3, 𝒳: 4, '\uffee': 5 };
    await one.sawIndex(sighting(id, 100), files(list));
    await two.sawIndex(sighting(id, 100), files(Object.fromEntries(Object.entries(list).reverse())));
    const bytes = new TextDecoder().decode(await one.packageFacts(id));
    expect(new TextDecoder().decode(await two.packageFacts(id))).toBe(bytes);
    const names = (JSON.parse(bytes) as [string, unknown][]).map(([name]) => name);
    expect(names).toEqual(Object.keys(list).sort());
    expect((JSON.parse(bytes) as unknown[])[1]).toEqual(['a', { ...NO_FACTS, firstSeen: 100 }]);
  });

  test('thousands of files, and the bytes that were handed in may be part of a larger buffer', async () => {
    const { memory } = await opened(newHome);
    const many = Array.from({ length: 5000 }, (_, i) => [`express-${i}.tgz`, i]);
    const text = files(many);
    const buffer = new Uint8Array(text.length + 10);
    buffer.set(text, 5);
    await memory.sawIndex(sighting(id, 100), buffer.subarray(5, 5 + text.length));
    await memory.sawIndex(sighting(id, 200), files([...many, ['new', null]]));
    const facts = JSON.parse(new TextDecoder().decode(await memory.packageFacts(id))) as [string, unknown][];
    expect(facts).toHaveLength(5001);
    expect(new Map(facts).get('new')).toMatchObject({ firstSeen: 200, lastAbsent: 100 });
    expect(new Map(facts).get('express-4999.tgz')).toMatchObject({ firstSeen: 100, claimedAt: 4999 });
  });

  test('poisoned names are names like others', async () => {
    const { memory } = await opened(newHome);
    for (const name of ['__proto__', 'constructor', 'toString', "'; DROP TABLE entry; --"]) {
      const poisoned = packageId(name);
      expect(await memory.fileFacts(poisoned, name)).toEqual(NO_FACTS);
      await memory.sawIndex(sighting(poisoned, 1), files([[name, 7]]));
      expect(await memory.fileFacts(poisoned, name)).toMatchObject({ firstSeen: 1, claimedAt: 7 });
      expect(await memory.fileFacts(poisoned, 'hasOwnProperty')).toEqual(NO_FACTS);
      await memory.learnFileOrigin(name, 'https://files.test');
      expect(await memory.fileOrigins(name)).toEqual(['https://files.test']);
    }
    expect(await memory.knownNames('npm')).toHaveLength(4);
    expect(await memory.knownNames('__proto__')).toEqual([]);
  });

  test('known names are those whose index was seen, by ecosystem, sorted', async () => {
    const ledger = await opened(newHome);
    for (const name of ['b', 'a']) await ledger.memory.sawIndex(sighting(packageId(name), 1), files({}));
    await ledger.memory.sawIndex(sighting(packageId('p', 'pypi'), 1), files({}));
    await ledger.append(decision(), claim(artifact('pinned-only'), 'x'));
    expect(await ledger.memory.knownNames('npm')).toEqual(['a', 'b']);
    expect(await ledger.memory.knownNames('pypi')).toEqual(['p']);
  });
}

function artifactContract(newHome: () => Home): void {
  const file = artifact('esbuild');
  const script = [{ code: 'INSTALL_SCRIPT', place: 'package.json' }] as const;

  test('an artifact is found by either digest, with what its bytes showed', async () => {
    const { memory } = await opened(newHome);
    expect(await memory.artifactBy(sha256('x'))).toBeNull();
    await memory.inspected(inspection(file, 'x', { findings: script, metadata: 'abc' }));
    const { artifact: _, ...known } = inspection(file, 'x', { findings: script, metadata: 'abc' });
    expect(await memory.artifactBy(sha256('x'))).toEqual(known);
    expect(await memory.artifactBy(sha512('x'))).toEqual(known);
    expect(await memory.artifactBy(sha256('y'))).toBeNull();
  });

  test('the licence that the bytes declare is kept by digest, is among the facts, and a later inspection replaces it', async () => {
    const { memory } = await opened(newHome);
    await memory.inspected(inspection(file, 'x', { licence: 'MIT OR Apache-2.0' }));
    expect((await memory.artifactBy(sha256('x')))?.licence).toBe('MIT OR Apache-2.0');
    expect((await memory.fileFacts(file, file.filename)).licence).toBe('MIT OR Apache-2.0');
    const facts: unknown = JSON.parse(new TextDecoder().decode(await memory.packageFacts(file)));
    expect(facts).toMatchObject([[file.filename, { licence: 'MIT OR Apache-2.0' }]]);
    expect(await memory.inspected(inspection(file, 'x', { licence: 'NOASSERTION' }))).toEqual({
      changed: true,
    });
    expect((await memory.fileFacts(file, file.filename)).licence).toBe('NOASSERTION');
    expect(await memory.inspected(inspection(file, 'x', { licence: 'NOASSERTION' }))).toEqual({
      changed: false,
    });
    await memory.inspected(inspection(file, 'x', { licence: null }));
    expect((await memory.fileFacts(file, file.filename)).licence).toBeNull();
  });

  test('what lies in an artifact is kept by digest, and a later inspection replaces it', async () => {
    const { memory } = await opened(newHome);
    const bundled = { packages: ['a@1.0.0', 'b@2.0.0'], unnamed: 3 };
    await memory.inspected(inspection(file, 'x', { bundled }));
    expect((await memory.artifactBy(sha256('x')))?.bundled).toEqual(bundled);
    expect(await memory.inspected(inspection(file, 'x', { bundled }))).toEqual({ changed: false });
    const fewer = { packages: ['a@1.0.0'], unnamed: 3 };
    expect(await memory.inspected(inspection(file, 'x', { bundled: fewer }))).toEqual({ changed: true });
    expect((await memory.artifactBy(sha256('x')))?.bundled).toEqual(fewer);
    await memory.inspected(inspection(file, 'x', { bundled: null }));
    expect((await memory.artifactBy(sha256('x')))?.bundled).toBeNull();
  });

  test('what an artifact pulls in and where it lands is kept by digest, and told of the files that have it', async () => {
    const { memory } = await opened(newHome);
    const lists = { dependencies: ['a', '@s/b'], places: ['a', 'bin/a'] };
    await memory.inspected(inspection(file, 'x', lists));
    expect(await memory.artifactBy(sha256('x'))).toMatchObject(lists);
    expect(await memory.fileFacts(file, file.filename)).toMatchObject(lists);
    expect(await memory.inspected(inspection(file, 'x', lists))).toEqual({ changed: false });
    for (const other of [
      { dependencies: ['a'], places: lists.places },
      { dependencies: ['a'], places: [] },
    ]) {
      expect(await memory.inspected(inspection(file, 'x', other))).toEqual({ changed: true });
      expect(await memory.fileFacts(file, file.filename)).toMatchObject(other);
    }
    const unread = { dependencies: null, places: null };
    await memory.inspected(inspection(file, 'x', unread));
    expect(await memory.artifactBy(sha256('x'))).toMatchObject(unread);
    expect(await memory.fileFacts(file, file.filename)).toMatchObject(unread);
  });

  test('one sha512 for two sha256, or the reverse, is a conflict', async () => {
    const { memory } = await opened(newHome);
    await memory.inspected(inspection(file, 'x'));
    for (const forged of [{ sha256: sha256('y') }, { sha512: sha512('y') }]) {
      await expect(memory.inspected(inspection(file, 'x', forged))).rejects.toMatchObject({
        code: 'conflict',
      });
    }
    expect((await memory.artifactBy(sha256('x')))?.sha512).toBe(sha512('x'));
  });

  test('facts tell the findings of what was last inspected, until something is admitted', async () => {
    const ledger = await opened(newHome);
    const { memory } = ledger;
    const facts = () => memory.fileFacts(file, file.filename);
    expect(await facts()).toEqual(NO_FACTS);
    await memory.inspected(inspection(file, 'one', { findings: script }));
    expect(await facts()).toMatchObject({ findings: script, first: null });
    await memory.inspected(inspection(file, 'two', { metadata: 'm' }));
    expect(await facts()).toMatchObject({ findings: [], metadata: 'm', first: null });
    await ledger.append(decision(), claim(file, 'one'));
    expect(await facts()).toMatchObject({
      findings: script,
      metadata: null,
      first: { sha256: sha256('one') },
    });
    await memory.inspected(inspection(file, 'two'));
    expect(await facts()).toMatchObject({ findings: script });
  });

  test('a first digest without an inspection has no findings, rather than those of other bytes', async () => {
    const ledger = await opened(newHome);
    await ledger.memory.inspected(inspection(file, 'other'));
    await ledger.append(decision(), claim(file, 'pinned'));
    expect(await ledger.memory.fileFacts(file, file.filename)).toMatchObject({ findings: null });
  });

  test('a new inspection of the same bytes counts for every file that has them', async () => {
    const { memory } = await opened(newHome);
    const twin = artifact('esbuild-twin');
    await memory.inspected(inspection(file, 'same'));
    await memory.inspected(inspection(twin, 'same'));
    expect(await memory.fileFacts(twin, twin.filename)).toMatchObject({ findings: [] });
    expect((await memory.artifactBy(sha256('same')))?.engine).toBe('1');
    await memory.inspected(inspection(file, 'same', { findings: script, engine: '2' }));
    expect(await memory.fileFacts(twin, twin.filename)).toMatchObject({ findings: script });
    expect(await memory.artifactBy(sha512('same'))).toMatchObject({ engine: '2', findings: script });
  });

  test('packageFacts and fileFacts say the same, of files known from anywhere', async () => {
    const ledger = await opened(newHome);
    const { memory } = ledger;
    const id = packageId('mixed');
    await memory.sawIndex(sighting(id, 5), files({ seen: 4 }));
    await memory.inspected(inspection(artifact('mixed', '1.0.0', 'inspected'), 'i', { findings: script }));
    await ledger.append(decision(), claim(artifact('mixed', '1.0.0', 'admitted'), 'a'));
    const facts = JSON.parse(new TextDecoder().decode(await memory.packageFacts(id))) as [string, unknown][];
    expect(facts.map(([name]) => name)).toEqual(['admitted', 'inspected', 'seen']);
    for (const [name, fact] of facts) expect(fact).toEqual(await memory.fileFacts(id, name));
  });

  test('origins are kept in the order in which they were learned, each once', async () => {
    const { memory } = await opened(newHome);
    for (const origin of ['https://b.test', 'https://a.test', 'https://b.test']) {
      await memory.learnFileOrigin('npm', origin);
    }
    expect(await memory.fileOrigins('npm')).toEqual(['https://b.test', 'https://a.test']);
    expect(await memory.fileOrigins('pypi')).toEqual([]);
  });

  test('a look-up never gives what a write that has resolved replaced', async () => {
    const { memory } = await opened(newHome);
    const id = packageId('busy');
    for (let at = 1; at <= 50; at++) {
      const before = memory.fileFacts(id, 'f');
      const write = memory.sawIndex(sighting(id, at), files({ f: at }));
      await Promise.all([memory.fileFacts(id, 'f'), write, memory.fileFacts(id, 'f'), before]);
      expect((await memory.fileFacts(id, 'f')).claimedAt).toBe(at);
      expect((await memory.lastIndex(id))?.at).toBe(at);
    }
  });
}

function evidenceContract(newHome: () => Home): void {
  const file = artifact('sigstore');
  const NONE = { 'registry-signature': false, provenance: false };
  const BOTH = { 'registry-signature': true, provenance: true };

  test('what an index once claimed stays claimed, whatever it says later and of whichever bytes', async () => {
    const home = newHome();
    const { memory } = await home.open();
    const id = packageId('sigstore');
    const [a, b] = [sha512('a'), sha512('b')];
    const claimed = async (at: number, ...item: unknown[]) => {
      await memory.sawIndex(sighting(id, at), files([['f', 1, ...item]]));
      return (await memory.fileFacts(id, 'f')).claimed;
    };
    expect(await claimed(1, a)).toEqual(NONE);
    expect(await claimed(2, a, 2)).toEqual({ ...NONE, provenance: true });
    expect(await claimed(3, a, 1)).toEqual(BOTH);
    expect(await claimed(4, a, 0)).toEqual(BOTH);
    expect(await claimed(5, a)).toEqual(BOTH);
    // Other bytes begin a clock of their own, and inherit what was claimed.
    expect(await claimed(6, b)).toEqual(BOTH);
    expect(await memory.fileFacts(id, 'f')).toMatchObject({ firstSeen: 1, lastAbsent: 6 });
    await memory.sawIndex(sighting(id, 7, 'elsewhere', 'private'), files({ f: 1 }));
    expect((await memory.fileFacts(id, 'f')).claimed).toEqual(BOTH);
    await memory.sawIndex(sighting(id, 8), files({}));
    await memory.sawIndex(sighting(id, 8), null);
    expect((await memory.fileFacts(id, 'f')).claimed).toEqual(BOTH);
  });

  test('claims of a first sighting, of other bytes, and of a file that is listed twice', async () => {
    const { memory } = await opened(newHome);
    const id = packageId('twice');
    await memory.sawIndex(
      sighting(id, 1),
      files([
        ['f', 1, '', 1],
        ['f', 1, '', 2],
        ['f', 1, '', 0],
        ['g', 1, sha512('a'), 1],
      ]),
    );
    expect((await memory.fileFacts(id, 'f')).claimed).toEqual(BOTH);
    await memory.sawIndex(sighting(id, 2), files([['g', 1, sha512('b'), 2]]));
    expect(await memory.fileFacts(id, 'g')).toMatchObject({ firstSeen: 1, lastAbsent: 2, claimed: BOTH });
  });

  test('what an entry admits with is carried from then on, and when the ledger is opened again', async () => {
    const home = newHome();
    const ledger = await home.open();
    expect((await ledger.memory.fileFacts(file, file.filename)).carried).toBeNull();
    await ledger.append(decision(), claim(file, 'x'), carriedFile(file));
    const carried = { ...BOTH, signer: signer() };
    expect((await ledger.memory.fileFacts(file, file.filename)).carried).toEqual(carried);
    expect((await ledger.memory.fileFacts(file, 'other')).carried).toBeNull();
    await ledger.close();
    const again = await home.open();
    expect(await again.memory.fileFacts(file, file.filename)).toMatchObject({
      first: { sha256: sha256('x') },
      carried,
    });
  });

  test('a file that was admitted with nothing is told from one that was not', async () => {
    const ledger = await opened(newHome);
    await ledger.append(decision(), undefined, carriedFile(file, { ...NONE, signer: null }));
    expect((await ledger.memory.fileFacts(file, file.filename)).carried).toEqual({ ...NONE, signer: null });
  });

  test('kinds add up, the first signer stays', async () => {
    const ledger = await opened(newHome);
    const carry = async (more: Parameters<typeof carriedFile>[1]) => {
      await ledger.append(decision(), undefined, carriedFile(file, more));
      return (await ledger.memory.fileFacts(file, file.filename)).carried;
    };
    const [first, second] = [signer(), signer({ repository: 'forge.test/mallory/x' })];
    expect(await carry({ provenance: false, signer: null })).toEqual({
      'registry-signature': true,
      provenance: false,
      signer: null,
    });
    expect(await carry({ 'registry-signature': false, signer: null })).toEqual({ ...BOTH, signer: null });
    expect(await carry({ ...NONE, signer: null })).toEqual({ ...BOTH, signer: null });
    expect(await carry({ signer: first })).toEqual({ ...BOTH, signer: first });
    expect(await carry({ signer: second })).toEqual({ ...BOTH, signer: first });
    expect(await carry({ signer: null })).toEqual({ ...BOTH, signer: first });
    expect(await places(ledger, {})).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('a conflict in the first digest writes neither the entry nor what is carried', async () => {
    const ledger = await opened(newHome);
    await ledger.append(decision(), claim(file, 'one'));
    const outcomes = await Promise.allSettled([
      ledger.append(decision()),
      ledger.append(decision(), claim(file, 'two'), carriedFile(file)),
      ledger.append(decision()),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await ledger.memory.fileFacts(file, file.filename)).toMatchObject({
      first: { sha256: sha256('one') },
      carried: null,
    });
    expect(await places(ledger, {})).toEqual([0, 1, 2]);
  });

  test('an entry that the database refuses leaves nothing carried, and its neighbours are written', async () => {
    const ledger = await opened(newHome);
    const other = artifact('neighbour');
    const outcomes = await Promise.allSettled([
      ledger.append(decision(), claim(other, 'y'), carriedFile(other)),
      ledger.append(decision(), { ...claim(file, 'x'), size: 0.5 }, carriedFile(file)),
      ledger.append(decision()),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await ledger.memory.fileFacts(file, file.filename)).toEqual(NO_FACTS);
    expect((await ledger.memory.fileFacts(other, other.filename)).carried).not.toBeNull();
    expect(await places(ledger, {})).toEqual([0, 1]);
  });

  test('a signer that is none, or is endless, is refused with its entry and its first digest', async () => {
    const ledger = await opened(newHome);
    for (const [bad, code] of [
      [{ ...signer(), predicate: 'other' }, 'malformed'],
      [{ ...signer(), issuer: null }, 'malformed'],
      [{ ...signer(), ref: 1 }, 'malformed'],
      [{ predicate: 'slsa', issuer: 'a', subject: 'b' }, 'malformed'],
      ['mallory', 'malformed'],
      [signer({ ref: 'x'.repeat(20_000) }), 'too-large'],
    ]) {
      const carried = { ...carriedFile(file), signer: bad } as ReturnType<typeof carriedFile>;
      await expect(ledger.append(decision(), claim(file, 'x'), carried)).rejects.toMatchObject({ code });
    }
    expect(await ledger.memory.fileFacts(file, file.filename)).toEqual(NO_FACTS);
    expect(await all(ledger)).toEqual([]);
  });

  test('the outcome of evidence is remembered, replaced by the next, and there after a restart', async () => {
    const home = newHome();
    const ledger = await home.open();
    const facts = async () => (await ledger.memory.fileFacts(file, file.filename)).evidence;
    expect(await facts()).toBeNull();
    await ledger.memory.evidenced(file, outcome('x'));
    expect(await facts()).toEqual(outcome('x'));
    const failed = outcome('y', {
      at: 8_000,
      verdicts: [
        proven({
          check: 'registry-signature',
          result: 'failed',
          code: 'SIGNATURE_INVALID',
          cause: 'signature',
          signers: [],
          documents: [],
        }),
        proven({ result: 'unchecked', code: 'PROVENANCE_UNCHECKED', cause: 'unreachable', signers: [] }),
      ],
    });
    await ledger.memory.evidenced(file, failed);
    expect(await facts()).toEqual(failed);
    await ledger.close();
    expect((await (await home.open()).memory.fileFacts(file, file.filename)).evidence).toEqual(failed);
  });

  test('an outcome that is none, or is endless, is refused, and the one before stays', async () => {
    const { memory } = await opened(newHome);
    await memory.evidenced(file, outcome('x'));
    const bad: [unknown, string][] = [
      [[{ ...proven(), check: 'size' }], 'malformed'],
      [[{ ...proven(), result: 'fine' }], 'malformed'],
      [[{ ...proven(), code: 'toString' }], 'malformed'],
      [[{ ...proven(), cause: 'because' }], 'malformed'],
      [[{ ...proven(), signers: null }], 'malformed'],
      [[{ ...proven(), documents: ['sha256:../x'] }], 'malformed'],
      [[proven(), proven()], 'malformed'],
      [[null], 'malformed'],
      [null, 'malformed'],
      [[proven({ signers: Array.from({ length: 1000 }, () => signer()) })], 'too-large'],
    ];
    for (const [verdicts, code] of bad) {
      const broken = { ...outcome('y'), verdicts } as EvidenceOutcome;
      await expect(
        memory.evidenced(file, broken),
        JSON.stringify(verdicts).slice(0, 80),
      ).rejects.toMatchObject({ code });
    }
    expect((await memory.fileFacts(file, file.filename)).evidence).toEqual(outcome('x'));
  });

  test('the same facts are the same bytes, in whatever order their fields came', async () => {
    const reversed = <T>(value: T): T => {
      if (Array.isArray(value)) return value.map(reversed) as T;
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, member]) => [key, reversed(member)]),
      ) as T;
    };
    const signature = proven({ check: 'registry-signature', signers: [], documents: [sha256('s')] });
    const looked = outcome('x', { verdicts: [signature, proven({ cause: 'key-retired' })] });
    const bytes: string[] = [];
    for (const turn of [<T>(value: T) => value, reversed]) {
      const ledger = await opened(newHome);
      const id = packageId('sigstore');
      await ledger.memory.sawIndex(sighting(id, 5), files([[file.filename, 4, '', 3]]));
      await ledger.append(decision(), turn(claim(file, 'x')), turn(carriedFile(file)));
      const verdicts = turn === reversed ? [...looked.verdicts].reverse() : looked.verdicts;
      await ledger.memory.evidenced(turn(file), turn({ ...looked, verdicts, more: 1 }));
      await ledger.memory.evidenced(artifact('sigstore', '2.0.0'), outcome('z', { verdicts: [] }));
      bytes.push(new TextDecoder().decode(await ledger.memory.packageFacts(id)));
    }
    expect(bytes[1]).toBe(bytes[0]);
    expect(JSON.parse(bytes[0] ?? '')).toEqual([
      [
        file.filename,
        {
          ...NO_FACTS,
          firstSeen: 5,
          claimedAt: 4,
          first: { sha256: sha256('x'), sha512: sha512('x') },
          claimed: BOTH,
          carried: { ...BOTH, signer: signer() },
          evidence: looked,
        },
      ],
      ['sigstore-2.0.0.tgz', { ...NO_FACTS, evidence: outcome('z', { verdicts: [] }) }],
    ]);
    expect(Object.keys((JSON.parse(bytes[0] ?? '') as [[string, object]])[0][1])).toEqual(
      Object.keys(NO_FACTS),
    );
  });

  test('packageFacts and fileFacts say the same of files that are known by their evidence alone', async () => {
    const ledger = await opened(newHome);
    await ledger.append(decision(), undefined, carriedFile(artifact('e', '1.0.0', 'carried')));
    await ledger.memory.evidenced(artifact('e', '1.0.0', 'looked-at'), outcome('x'));
    const id = packageId('e');
    const facts = JSON.parse(new TextDecoder().decode(await ledger.memory.packageFacts(id))) as [
      string,
      object,
    ][];
    expect(facts.map(([name]) => name)).toEqual(['carried', 'looked-at']);
    for (const [name, fact] of facts) expect(fact).toEqual(await ledger.memory.fileFacts(id, name));
  });

  test('a look-up never gives what evidence that was written replaced', async () => {
    const ledger = await opened(newHome);
    const facts = () => ledger.memory.fileFacts(file, file.filename);
    for (let at = 1; at <= 20; at++) {
      const before = facts();
      await Promise.all([facts(), ledger.memory.evidenced(file, outcome('x', { at })), facts(), before]);
      expect((await facts()).evidence?.at).toBe(at);
    }
    const before = facts();
    await Promise.all([ledger.append(decision(), undefined, carriedFile(file)), facts(), before]);
    expect((await facts()).carried).toEqual({ ...BOTH, signer: signer() });
    expect(await facts()).toBe(await facts());
    // What is no news drops nothing of what is kept.
    const kept = await facts();
    await ledger.append(decision(), undefined, carriedFile(file));
    expect(await facts()).toBe(kept);
  });
}
