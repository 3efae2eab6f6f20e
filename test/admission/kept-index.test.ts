import { chmod, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { hexOf } from '../../src/model/digest.ts';
import { allowing, filesBelow, SECOND, startHouse, type TestHouse, tarballPath } from './harness.ts';

// The index that the vault keeps, while the upstream says that it is still the right one.

const NAMES = ['steady', 'damaged', 'short', 'both'];
const TTL = 300 * SECOND;

let house: TestHouse;
beforeAll(async () => {
  house = await startHouse({ policy: allowing(NAMES) });
  for (const name of NAMES) house.registry.addNpm(name, { '1.0.0': {} });
});
afterAll(() => house.remove());

/** The file in which the vault keeps the index of a package. */
async function documentOf(name: string): Promise<string> {
  const index = await house.house.ports.ledger.memory.lastIndex({ ecosystem: 'npm', name: name as never });
  if (!index) throw new Error('no index was seen');
  const documents = join(house.root, 'data', 'vault', 'documents');
  const path = (await filesBelow(documents)).find((file) => file.endsWith(hexOf(index.digest)));
  if (path === undefined) throw new Error('the document is not there');
  return join(documents, path);
}

/** Validators with which the indexes were asked for since the last call. */
function takeConditions(): (string | undefined)[] {
  const asked = house.registry.requests.filter(({ path }) => !path.endsWith('.tgz'));
  house.registry.requests.length = 0;
  return asked.map(({ headers }) => headers['if-none-match']);
}

test('an index that did not change is not read again to learn that it is here', async () => {
  expect((await house.ask('/npm/steady')).status).toBe(200);
  const read = vi.spyOn(house.house.ports.vault, 'getDocument');
  takeConditions();
  for (let i = 0; i < 3; i++) {
    house.clock.advance(TTL);
    expect((await house.ask('/npm/steady')).status).toBe(200);
  }
  expect(takeConditions()).toEqual(Array(3).fill(expect.stringMatching(/./)));
  expect(read).not.toHaveBeenCalled();
  read.mockRestore();
});

test.each([
  [
    'changed',
    'damaged',
    async (path: string) => {
      const bytes = await readFile(path);
      bytes.writeUInt8(bytes.readUInt8(20) ^ 1, 20);
      await writeFile(path, bytes);
    },
  ],
  ['cut off', 'short', (path: string) => truncate(path, 20)],
])(
  'a kept index that was %s on disk is not served: the next request fetches it whole',
  async (_, name, harm) => {
    expect((await house.ask(`/npm/${name}`)).status).toBe(200);
    const path = await documentOf(name);
    // A new process has nothing of it in memory.
    await house.restart();
    await chmod(path, 0o600);
    await harm(path);
    house.clock.advance(TTL);
    takeConditions();
    expect((await house.ask(`/npm/${name}`)).status).toBe(502);
    expect(takeConditions()).toEqual([expect.stringMatching(/./)]);
    const healed = await house.ask(`/npm/${name}`);
    expect([healed.status, Object.keys(healed.json.versions)]).toEqual([200, ['1.0.0']]);
    expect(takeConditions()).toEqual([undefined]);
    expect((await house.ask(tarballPath(name, '1.0.0'))).status).toBe(200);
  },
);

test('a damaged index while the upstream is silent, too: a fault, and served as soon as it answers', async () => {
  expect((await house.ask('/npm/both')).status).toBe(200);
  const path = await documentOf('both');
  await house.restart();
  await chmod(path, 0o600);
  await truncate(path, 20);
  house.clock.advance(TTL);
  const heal = house.registry.withFault(/both$/, { kind: 'reset' });
  for (let i = 0; i < 3; i++) expect((await house.ask('/npm/both')).status).toBe(502);
  heal();
  house.clock.advance(10 * SECOND);
  expect((await house.ask('/npm/both')).status).toBe(200);
});
