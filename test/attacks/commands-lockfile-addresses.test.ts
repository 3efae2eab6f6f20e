import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type LockPlace, lockPlace, sha256, sri } from '../run/lockfile-place.ts';

/*
 * A lockfile whose client would take something from elsewhere, beside an entry of the same version that is in order.
 */

let place: LockPlace;
beforeAll(async () => {
  place = await lockPlace();
  place.registry.addNpm('left-pad', { '1.3.0': {} });
  place.registry.addPypi('six', [{ filename: 'six-1.16.0-py3-none-any.whl' }]);
});
afterAll(() => place.remove());
beforeEach(() =>
  place.policy({ 'default.yaml': 'profile: default\nallow:\n  - npm: left-pad\n  - pypi: six\n' }),
);

const WHEEL = 'six-1.16.0-py3-none-any.whl';
const EVIL = 'https://evil.example/left-pad/-/left-pad-1.3.0.tgz';
const good = () => sri(place.registry.tarball('left-pad', '1.3.0'));
const sha256Sri = (text: string) =>
  `sha256-${Buffer.from(sha256(Buffer.from(text)).slice(7), 'hex').toString('base64')}`;

async function judged(path: string) {
  const checked = await place.run('check', path, '--json');
  const imported = await place.run('import', path, '--json', '--out', 'locked.yaml');
  const report = JSON.parse(imported.stdout);
  return {
    check: { code: checked.code, codes: JSON.parse(checked.stdout.split('\n')[0] ?? '').codes },
    imported: { code: imported.code, fails: report.flags.some((one: { fails: boolean }) => one.fails) },
    text: (await place.allowlists())['locked.yaml'] ?? '',
  };
}
const npmLock = (entries: Record<string, object>) =>
  place.put('app/package-lock.json', { lockfileVersion: 3, packages: { '': {}, ...entries } });
const REFUSED = { code: 1, codes: ['LOCKED_ADDRESS'] };

test('without a digest, below one that has a digest and no address', async () => {
  const lock = await npmLock({
    'node_modules/left-pad': { version: '1.3.0', integrity: good() },
    'node_modules/x/node_modules/left-pad': { version: '1.3.0', resolved: EVIL },
  });
  expect(await judged(lock)).toMatchObject({ check: REFUSED, imported: { code: 1, fails: true } });
});

test('with a digest of another kind than the one that is in order', async () => {
  const lock = await npmLock({
    'node_modules/left-pad': { version: '1.3.0', integrity: good() },
    'node_modules/x/node_modules/left-pad': {
      version: '1.3.0',
      resolved: EVIL,
      integrity: sha256Sri('evil'),
    },
  });
  const found = await judged(lock);
  expect(found).toMatchObject({ check: REFUSED, imported: { code: 1, fails: true } });
  expect(found.text).toContain(good());
  expect(found.text).not.toContain('sha256-');
});

test('of a package of the same name in a scope, at the same registry', async () => {
  const { registry } = place;
  for (const scope of ['@evil', '%40evil', 'x/@evil', '@evil%2f..%2f@evil']) {
    const resolved = `${registry.npmBase}${scope}/left-pad/-/left-pad-1.3.0.tgz`;
    const lock = await npmLock({ 'node_modules/left-pad': { version: '1.3.0', resolved } });
    expect((await place.run('check', lock)).code, scope).toBe(1);
  }
});

test('uv: a wheel without a digest at an address of its own, of the index or beside one with a digest', async () => {
  const { registry } = place;
  const hash = sha256(registry.file(WHEEL));
  const lock = (wheels: string) =>
    place.put(
      'app/uv.lock',
      `version = 1\nrequires-python = ">=3.12"\n\n[[package]]\nname = "six"\nversion = "1.16.0"\nsource = { registry = "${registry.pypiBase}" }\nwheels = [${wheels}]\n`,
    );
  const elsewhere = `url = "https://evil.example/${WHEEL}"`;
  for (const wheels of [
    `{ ${elsewhere} }`,
    `{ ${elsewhere} }, { url = "${registry.pypiBase}${WHEEL}", hash = "${hash}" }`,
    `{ ${elsewhere}, hash = "sha384:${'0'.repeat(96)}" }, { url = "${registry.pypiBase}${WHEEL}", hash = "${hash}" }`,
  ])
    expect(await judged(await lock(wheels)), wheels).toMatchObject({
      check: REFUSED,
      imported: { fails: true },
    });
  const fine = await judged(await lock(`{ ${elsewhere}, hash = "${hash}" }`));
  expect(fine).toMatchObject({ check: { code: 0 }, imported: { code: 0 } });
});

test('a further hash of another kind is not pinned along with those of the registry', async () => {
  const extra = `sha512:${'0'.repeat(128)}`;
  const lock = await place.put(
    'app/requirements.txt',
    `six==1.16.0 --hash=${sha256(place.registry.file(WHEEL))} --hash=${extra}\n`,
  );
  const found = await judged(lock);
  expect(found.imported).toEqual({ code: 1, fails: true });
  expect(found.text).toContain('six@1.16.0');
  expect(found.text).not.toContain(extra);
});
