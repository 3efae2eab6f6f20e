import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { leafHash } from '../../src/ledger/canonical.ts';
import { type EvidenceHouse, startEvidenceHouse } from '../admission/evidence-house.ts';
import { tarballPath } from '../admission/harness.ts';
import { sallyport } from '../harness/sallyport.ts';

// Who can write into the database, and has not the log's key, gets nothing signed or shipped that was never in the log.

let house: EvidenceHouse;
let env: Record<string, string>;
const run = (format: string) => sallyport(env, 'ledger', 'export', '--format', format);

beforeAll(async () => {
  house = await startEvidenceHouse({
    policy: `profile: default
requirements:
  npm: { age: 0, registry-signature: off, provenance: off }
allow:
  - npm: plain
`,
  });
  env = { SALLYPORT_DATA: join(house.root, 'data'), SALLYPORT_ALLOWLISTS: join(house.root, 'allowlists') };
  await house.add('plain', '1.0.0', { provenance: null });
  expect((await house.ask(tarballPath('plain', '1.0.0'))).status).toBe(200);
  // Waits until it is published.
  expect((await run('vsa')).stdout).toContain('"payload"');
}, 60_000);
afterAll(() => house?.remove());

/** Works on the database while the bytes of the admission name another artifact, and puts them back. */
async function forged<T>(leafToo: boolean, work: () => Promise<T>): Promise<T> {
  const db = new Database(join(house.root, 'data', 'ledger', 'ledger.db'));
  const admission = db
    .prepare<[], { seq: number; leaf: Buffer; bytes: string }>(
      `SELECT seq, leaf, bytes FROM entry WHERE json_extract(bytes, '$.route') = 'artifact'`,
    )
    .get();
  if (!admission) throw new Error('nothing was admitted');
  const { seq, leaf, bytes } = admission;
  const set = db.prepare('UPDATE entry SET bytes = ?, leaf = ? WHERE seq = ?');
  const other = bytes.replace(/"sha256:[0-9a-f]{64}","sha512"/, `"sha256:${'e'.repeat(64)}","sha512"`);
  expect(other).not.toBe(bytes);
  set.run(other, leafToo ? Buffer.from(leafHash(other), 'hex') : leaf, seq);
  try {
    return await work();
  } finally {
    set.run(bytes, leaf, seq);
    db.close();
  }
}

test('an entry whose bytes are not those of its leaf is exported in no format', async () => {
  await forged(false, async () => {
    for (const format of ['jsonl', 'csv', 'ocsf', 'vsa']) {
      const { code, stdout, stderr } = await run(format);
      expect([format, code]).toEqual([format, 3]);
      expect(stdout).not.toContain('e'.repeat(64));
      expect(stderr).toContain('sallyport ledger verify');
    }
  });
}, 60_000);

test('no summary is signed of an entry that the published log has not', async () => {
  await forged(true, async () => {
    const { code, stdout, stderr } = await run('vsa');
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toContain('sallyport ledger verify');
  });
  // Of the true one it is.
  expect((await run('vsa')).stdout).toContain('"payload"');
}, 60_000);
