import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allowing, startHouse, type TestHouse, tarballPath } from '../admission/harness.ts';
import { sallyport } from '../harness/sallyport.ts';
import { heading } from './attacks.ts';

describe(heading('A19'), () => {
  let house: TestHouse;
  let copies: string;
  let vkey: string;
  let earlier: string;
  let count = 0;
  beforeAll(async () => {
    house = await startHouse({ policy: allowing(['left-pad']) });
    copies = await mkdtemp(join(tmpdir(), 'tampered-'));
    house.registry.addNpm('left-pad', { '1.3.0': {} });
    const work = async () => {
      expect((await house.ask(tarballPath('left-pad', '1.3.0'))).status).toBe(200);
      for (let i = 0; i < 5; i++) await house.ask(`/npm/no-such-${i}`);
    };
    await work();
    // Half of it, as somebody kept it; then the rest.
    await house.restart(async () => {
      await cp(join(house.root, 'data'), join(copies, 'half'), { recursive: true });
      earlier = join(copies, 'earlier.checkpoint');
    });
    await work();
    await house.restart(async () => {
      vkey = (await readFile(join(house.root, 'data', 'ledger', 'log', 'vkey'), 'utf8')).trim();
      await cp(join(house.root, 'data', 'ledger', 'log', 'checkpoint'), earlier);
      await cp(join(house.root, 'data'), join(copies, 'whole'), { recursive: true });
    });
  }, 60_000);
  afterAll(async () => {
    await house?.remove();
    await rm(copies, { recursive: true });
  });

  /** Verifies a copy after something was done to it. */
  async function verified(
    tamper: (data: string) => unknown,
    of = 'whole',
  ): Promise<{ code: number; said: string }> {
    const data = join(copies, `copy-${count++}`);
    await cp(join(copies, of), data, { recursive: true });
    await tamper(data);
    const env = { SALLYPORT_DATA: data, SALLYPORT_ALLOWLISTS: join(house.root, 'allowlists') };
    const { code, stdout, stderr } = await sallyport(
      env,
      'ledger',
      'verify',
      '--key',
      vkey,
      '--since',
      earlier,
    );
    return { code, said: stdout + stderr };
  }
  const sql = (text: string) => (data: string) => {
    const db = new Database(join(data, 'ledger', 'ledger.db'));
    expect(db.prepare(text).run().changes).toBeGreaterThan(0);
    db.close();
  };
  const PLACE = "(SELECT MIN(seq) FROM entry WHERE bytes LIKE '%no-such-2%')";

  test('the positive control: what nobody touched has no problem', async () => {
    expect(await verified(() => undefined)).toMatchObject({ code: 0 });
  }, 60_000);

  const TAMPERED: [string, (data: string) => unknown][] = [
    [
      'an entry is edited',
      sql(`UPDATE entry SET bytes = replace(bytes, 'no-such-2', 'no-harm-2') WHERE seq = ${PLACE}`),
    ],
    ['an entry is deleted', sql(`DELETE FROM entry WHERE seq = ${PLACE}`)],
    ['the last entries are cut off', sql('DELETE FROM entry WHERE seq > (SELECT MAX(seq) - 3 FROM entry)')],
    [
      'two entries change places',
      (data) => {
        const db = new Database(join(data, 'ledger', 'ledger.db'));
        const rows = db
          .prepare<[], { seq: number; leaf: Buffer; bytes: string }>(
            "SELECT seq, leaf, bytes FROM entry WHERE bytes LIKE '%no-such-%' ORDER BY seq LIMIT 2",
          )
          .all();
        const [one, two] = rows;
        if (!one || !two) throw new Error('too few entries');
        const set = db.prepare('UPDATE entry SET leaf = ?, bytes = ? WHERE seq = ?');
        set.run(Buffer.alloc(32), 'x', one.seq);
        set.run(one.leaf, one.bytes, two.seq);
        set.run(two.leaf, two.bytes, one.seq);
        db.close();
      },
    ],
    [
      'a tile is changed',
      async (data) => {
        const folder = join(data, 'ledger', 'log', 'tile', '0');
        const [tile] = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((f) =>
          f.isFile(),
        );
        const path = join(tile?.parentPath ?? '', tile?.name ?? '');
        const bytes = await readFile(path);
        bytes[5] = (bytes[5] ?? 0) ^ 1;
        await writeFile(path, bytes);
      },
    ],
    [
      'the checkpoint is of a size that nobody signed',
      async (data) => {
        const path = join(data, 'ledger', 'log', 'checkpoint');
        const text = await readFile(path, 'utf8');
        await writeFile(
          path,
          text.replace(/\n(\d+)\n/, (_, size) => `\n${Number(size) - 1}\n`),
        );
      },
    ],
  ];
  test.each(TAMPERED)(
    '%s: the verifier says so',
    async (_, tamper) => {
      const { code, said } = await verified(tamper);
      expect(said).not.toContain('nothing is wrong');
      expect(code).toBe(1);
    },
    60_000,
  );

  test('a ledger set back to a whole copy of an earlier day is missed by who kept a checkpoint', async () => {
    const { code, said } = await verified(() => undefined, 'half');
    expect([code, said.includes('nothing is wrong')]).toEqual([1, false]);
  }, 60_000);

  test('a second past, grown from that copy, is a fork', async () => {
    const data = join(copies, 'forked');
    await house.restart(async () => {
      await cp(join(house.root, 'data'), data, { recursive: true });
      await rm(join(house.root, 'data'), { recursive: true });
      await cp(join(copies, 'half'), join(house.root, 'data'), { recursive: true });
    });
    for (let i = 0; i < 12; i++) await house.ask(`/npm/another-past-${i}`);
    await house.restart(async () => {
      await cp(join(house.root, 'data'), join(copies, 'fork'), { recursive: true });
    });
    const { code, said } = await verified(() => undefined, 'fork');
    expect([code, said.includes('nothing is wrong')]).toEqual([1, false]);
  }, 60_000);
});
