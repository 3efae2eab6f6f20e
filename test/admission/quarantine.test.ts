import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LateReception } from '../../src/admission/late-reception.ts';
import { allowing, filesBelow, startHouse, type TestHouse, tarballPath, until } from './harness.ts';

// What lies in quarantine while bytes are on their way, and what does not.

const LIMIT = 100_000;

let house: TestHouse;
beforeAll(async () => {
  house = await startHouse({
    policy: allowing(['waiting', 'hollow', 'hollow-lie', 'large'], ['hollow']),
    env: { SALLYPORT_QUARANTINE_LIMIT: String(LIMIT), SALLYPORT_MAX_FILE: String(LIMIT) },
  });
});
afterAll(() => house.remove());

const quarantine = () => filesBelow(join(house.root, 'data', 'vault', 'quarantine'));

test('a download that waits for its first byte has no file open', async () => {
  house.registry.addNpm('waiting', { '1.0.0': {} });
  let asked = false;
  let answer = (): void => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  house.registry.withFault(/waiting-1/, {
    kind: 'wait',
    until: () => {
      asked = true;
      return answered;
    },
  });
  const asking = house.ask(tarballPath('waiting', '1.0.0'));
  try {
    await until(() => asked);
    expect(await quarantine()).toEqual([]);
  } finally {
    answer();
  }
  expect((await asking).status).toBe(200);
  expect(await quarantine()).toEqual([]);
});

test('what does not fit beside what is being received is not served; once there is room, it is', async () => {
  house.registry.addNpm('large', { '1.0.0': { bulk: 60_000 } });
  const other = await house.house.ports.vault.receive();
  await other.write(Buffer.alloc(LIMIT / 2));
  const reply = await house.ask(tarballPath('large', '1.0.0'));
  expect([reply.status, reply.json.code]).toEqual([503, 'STORAGE_UNAVAILABLE']);
  expect(await quarantine()).toHaveLength(1);
  await other.discard();
  const again = await house.ask(tarballPath('large', '1.0.0'));
  expect(again.body.equals(house.registry.tarball('large', '1.0.0'))).toBe(true);
  expect(await quarantine()).toEqual([]);
});

describe('an artifact of no bytes is looked at like any other', () => {
  const wheel = 'hollow-1.0.0-py3-none-any.whl';

  test.each([
    ['npm', tarballPath('hollow', '1.0.0'), 'ARCHIVE_UNSAFE'],
    ['PyPI', `/pypi/files/hollow/${wheel}`, 'ARCHIVE_UNSAFE'],
    ['npm, of another digest', tarballPath('hollow-lie', '1.0.0'), 'DIGEST_MISMATCH'],
  ])('%s', async (_, path, code) => {
    house.registry.addNpm('hollow', { '1.0.0': { tarball: Buffer.alloc(0) } });
    house.registry.addNpm('hollow-lie', { '1.0.0': { tarball: Buffer.alloc(0), integrity: 'wrong' } });
    house.registry.addPypi('hollow', [{ filename: wheel, bytes: Buffer.alloc(0) }]);
    const reply = await house.ask(path);
    expect([reply.status, reply.json.code]).toEqual([403, code]);
    expect(await quarantine()).toEqual([]);
  });
});

describe('a place that is taken late', () => {
  const receive = () => house.house.ports.vault.receive();

  test('is given back though it was just being opened, and is not taken after that', async () => {
    const reception = new LateReception({ receive });
    const writing = reception.write(Buffer.from('x')).catch(() => undefined);
    await reception.discard();
    await writing;
    expect(await quarantine()).toEqual([]);
    await expect(reception.write(Buffer.from('x'))).rejects.toThrow(TypeError);
    await expect(reception.finish()).rejects.toThrow(TypeError);
    expect(await quarantine()).toEqual([]);
  });

  test('and cannot be opened is a fault of whoever writes, and leaves nothing to discard', async () => {
    const reception = new LateReception({ receive: () => Promise.reject(new Error('no file')) });
    await expect(reception.write(Buffer.from('x'))).rejects.toThrow('no file');
    await expect(reception.finish()).rejects.toThrow('no file');
    await reception.discard();
  });
});
