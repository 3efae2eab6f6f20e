import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { openLedgerReader } from '../../src/ledger/open.ts';
import { MIGRATIONS } from '../../src/ledger/sqlite/schema.ts';
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
  openTemporary,
  outcome,
  packageId,
  sha256,
  sha512,
  sighting,
  signer,
  temporaryFolder,
} from './samples.ts';

/** A database as the first release left it, with a package whose one file was seen, inspected and admitted. */
function ofTheFirstRelease(): string {
  const dir = temporaryFolder();
  mkdirSync(join(dir, 'ledger'));
  const db = new Database(join(dir, 'ledger', 'ledger.db'));
  db.pragma('journal_mode = WAL');
  db.exec(MIGRATIONS[0] ?? '');
  db.pragma('user_version = 1');
  const bytes = bytesOf(decision());
  db.prepare('INSERT INTO entry (seq, leaf, bytes) VALUES (0, ?, ?)').run(Buffer.alloc(32, 1), bytes);
  db.prepare(`INSERT INTO entry_index (seq, time, type) VALUES (0, 1000, 'decision')`).run();
  db.exec(`
    INSERT INTO package VALUES (1, 'npm', 'old');
    INSERT INTO index_seen VALUES (1, 'npm', '${sha256('index at 10')}', 10, '"tag"', 'then');
    INSERT INTO file_seen VALUES (1, 'old-1.0.0.tgz', 10, 5, 3, '${sha512('x')}');
    INSERT INTO first_digest
      VALUES (1, 'old-1.0.0.tgz', '1.0.0', '${sha256('x')}', '${sha512('x')}', 1, '${sha256('chunks')}', 0);
    INSERT INTO artifact VALUES ('${sha256('x')}', '${sha512('x')}', 1, '${sha256('chunks')}', '[]', '1', NULL);
    INSERT INTO file_artifact VALUES (1, 'old-1.0.0.tgz', '${sha256('x')}');
  `);
  db.close();
  return dir;
}

const file = artifact('old');
const before = {
  ...NO_FACTS,
  firstSeen: 10,
  lastAbsent: 5,
  claimedAt: 3,
  first: { sha256: sha256('x'), sha512: sha512('x') },
  findings: [],
};

test('a database of the first release keeps all that it has, and takes evidence', async () => {
  const ledger = await openTemporary(ofTheFirstRelease());
  expect(await ledger.memory.fileFacts(file, file.filename)).toEqual(before);
  expect(await all(ledger)).toHaveLength(1);
  expect((await ledger.append(decision(), claim(file, 'x'), carriedFile(file))).seq).toBe(1);
  await expect(ledger.append(decision(), claim(file, 'y'))).rejects.toMatchObject({ code: 'conflict' });
  await ledger.memory.sawIndex(sighting(packageId('old'), 20), files([[file.filename, 3, sha512('x'), 1]]));
  await ledger.memory.evidenced(file, outcome('x'));
  expect(await ledger.memory.fileFacts(file, file.filename)).toEqual({
    ...before,
    claimed: { 'registry-signature': true, provenance: false },
    carried: { 'registry-signature': true, provenance: true, signer: signer() },
    evidence: outcome('x'),
  });
});

test('an artifact of the first release has no licence until it is inspected anew', async () => {
  const ledger = await openTemporary(ofTheFirstRelease());
  expect(await ledger.memory.artifactBy(sha256('x'))).toMatchObject({
    engine: '1',
    licence: null,
    bundled: null,
    dependencies: null,
    places: null,
  });
  expect(await ledger.memory.fileFacts(file, file.filename)).toEqual(before);
  const anew = inspection(file, 'x', { chunks: sha256('chunks'), licence: 'MIT' });
  expect(await ledger.memory.inspected(anew)).toEqual({ changed: true });
  expect(await ledger.memory.artifactBy(sha256('x'))).toMatchObject({ engine: anew.engine, licence: 'MIT' });
  expect(await ledger.memory.fileFacts(file, file.filename)).toEqual({ ...before, licence: 'MIT' });
});

test('an index of the first release is asked for as a whole once more, so that its claims are read', async () => {
  const ledger = await openTemporary(ofTheFirstRelease());
  expect(await ledger.memory.lastIndex(packageId('old'))).toEqual(sighting(packageId('old'), 10));
});

test('who only looks does not bring a database up to date, and says so', async () => {
  const dir = ofTheFirstRelease();
  await expect(openLedgerReader({ dir })).rejects.toThrow(/older sallyport \(schema 1\)/);
  await (await openTemporary(dir)).close();
  const reader = await openLedgerReader({ dir });
  onTestFinished(() => reader.close());
  expect(await reader.memory.fileFacts(file, file.filename)).toEqual(before);
});

test('the first migration is the one that was released', () => {
  expect(sha256(MIGRATIONS[0] ?? '')).toBe(
    'sha256:a850b1b6ce352bdce272e64a34d314181149a54d4630de06e83caf7f8908b306',
  );
});

test.each([
  ['UPDATE evidence_outcome SET verdicts = ?', '[{"check":"provenance"'],
  ['UPDATE evidence_outcome SET verdicts = ?', '{}'],
  ['UPDATE evidence_outcome SET verdicts = ?', 'null'],
  [
    'UPDATE evidence_outcome SET verdicts = ?',
    '[{"check":"provenance","result":"fine","signers":[],"documents":[]}]',
  ],
  ['UPDATE carried_evidence SET signer = ?', ''],
  ['UPDATE carried_evidence SET signer = ?', '{}'],
  ['UPDATE carried_evidence SET signer = ?', 'null'],
])('evidence that cannot be read is a fault, never none: %s %s', async (statement, text) => {
  const dir = temporaryFolder();
  const ledger = await openTemporary(dir);
  await ledger.append(decision(), claim(file, 'x'), carriedFile(file));
  await ledger.memory.evidenced(file, outcome('x'));
  await ledger.close();
  const db = new Database(join(dir, 'ledger', 'ledger.db'));
  expect(db.prepare(statement).run(text).changes).toBe(1);
  db.close();
  const { memory } = await openTemporary(dir);
  await expect(memory.fileFacts(file, file.filename)).rejects.toMatchObject({ code: 'unavailable' });
  await expect(memory.packageFacts(file)).rejects.toMatchObject({ code: 'unavailable' });
  expect(await memory.fileFacts(file, 'other')).toEqual(NO_FACTS);
});
