import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { leafHash } from '../../src/ledger/canonical.ts';
import { openLedger } from '../../src/ledger/open.ts';
import { startAppender } from './child.ts';
import { all, artifact, claim, decision, openTemporary, parsed, sha256, temporaryFolder } from './samples.ts';

const KILLS = 20;

test(`killed ${KILLS} times while it writes: no acknowledged entry is lost, no gap, the lock is free at once`, {
  timeout: 120_000,
}, async () => {
  const dir = temporaryFolder();
  const acknowledged = new Map<number, string>();
  for (let round = 0; round < KILLS; round++) {
    const child = startAppender(dir, `k${round}`);
    const enough = 20 + ((round * 37) % 200);
    await child.until(() => child.acks.size >= enough);
    await child.kill();
    for (const [seq, leaf] of child.acks) {
      expect(acknowledged.has(seq), `place ${seq} was given twice`).toBe(false);
      acknowledged.set(seq, leaf);
    }
  }
  const ledger = await openTemporary(dir);
  const entries = await all(ledger);
  expect(entries.map((entry) => entry.seq)).toEqual(entries.map((_, place) => place));
  for (const [seq, leaf] of acknowledged) expect(entries[seq]?.leaf).toBe(leaf);
  for (const entry of entries) expect(leafHash(entry.bytes)).toBe(entry.leaf);
  // Claims and what is carried went with their entries: of every third of a lane, and another digest is refused.
  const claimed = entries.filter(
    (entry) => Number(String(parsed(entry.bytes)['id']).split('-')[2]) % 3 === 0,
  );
  for (const entry of claimed.slice(-50)) {
    const id = String(parsed(entry.bytes)['id']);
    const { first, carried } = await ledger.memory.fileFacts(artifact(id), artifact(id).filename);
    expect(first?.sha256).toBe(sha256(id));
    expect(carried).not.toBeNull();
    await expect(ledger.append(decision(), claim(artifact(id), 'x'))).rejects.toMatchObject({
      code: 'conflict',
    });
  }
  await ledger.close();
  const db = new Database(join(dir, 'ledger', 'ledger.db'), { readonly: true });
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
  const admitted = db.prepare('SELECT seq FROM first_digest ORDER BY seq').pluck().all();
  expect(db.prepare('SELECT seq FROM carried_evidence ORDER BY seq').pluck().all()).toEqual(admitted);
  db.close();
  expect(acknowledged.size).toBeGreaterThan(KILLS * 20);
});

test('a second process on the same folder is refused, with words that say what to do', async () => {
  const dir = temporaryFolder();
  const child = startAppender(dir, 'first');
  await child.until(() => child.acks.size > 0);
  const second = openLedger({ dir });
  await expect(second).rejects.toMatchObject({ name: 'LedgerError', code: 'locked' });
  await expect(second).rejects.toThrow(/in use by another sallyport.*SALLYPORT_DATA/);
  const third = startAppender(dir, 'third');
  await third.ended;
  expect(third.acks.size).toBe(0);
  expect(child.stderr()).toBe('');
  expect(third.stderr()).toContain('in use by another sallyport');
  await child.kill();
  await openTemporary(dir);
});

test('the same process cannot open it twice either, and may once it is closed', async () => {
  const dir = temporaryFolder();
  const ledger = await openTemporary(dir);
  await expect(openLedger({ dir })).rejects.toMatchObject({ code: 'locked' });
  await ledger.append(decision());
  await ledger.close();
  expect(await all(await openTemporary(dir))).toHaveLength(1);
});
