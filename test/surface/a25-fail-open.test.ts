import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { allowing, hexSha256, type TestHouse, tarballPath } from '../admission/harness.ts';
import type { Fault } from '../harness/registry.ts';
import { heading } from './attacks.ts';
import { server } from './server.ts';

// What surrounds a running server fails under its requests. That each await on the way may fail is test/faults.

const NAMES = ['lib', 'vault-gone', 'index-faults', 'file-faults'];

describe(heading('A25'), () => {
  const house = server({ policy: allowing(NAMES, ['wheel']) }, ({ registry }) => {
    for (const name of NAMES) registry.addNpm(name, { '1.0.0': {}, '1.1.0': {} });
    // Larger than what is held in memory, where the vault is not asked.
    registry.addNpm('vault-gone', { '1.0.0': { bulk: 6_000_000 }, '1.1.0': { bulk: 6_000_000 } });
    registry.addPypi('wheel', [{ filename: 'wheel-1.0-py3-none-any.whl', coreMetadata: 'right' }]);
  });

  /** No allow entry without its bytes verified, no byte without its entry. */
  async function nothingPasses(ask: () => Promise<Awaited<ReturnType<TestHouse['ask']>>>, bytes: Uint8Array) {
    await house().entries();
    const answer = await ask().catch(() => null);
    if (answer !== null) {
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(hexSha256(answer.body)).not.toBe(hexSha256(bytes));
      expect(answer.headers['content-type']).toMatch(/json|html/);
    }
    const allowed = (await house().entries()).filter(
      (e) => e['verdict'] === 'allow' && e['route'] === 'artifact',
    );
    expect(allowed).toEqual([]);
  }

  const FAULTS: Fault[] = [
    { kind: 'reset' },
    { kind: 'reset', bytes: 30 },
    { kind: 'cut', bytes: 30 },
    { kind: 'length', off: 10 },
    { kind: 'length', off: -10 },
    { kind: 'flip', at: 40 },
    { kind: 'flip', at: -1 },
    { kind: 'status', status: 200 },
    { kind: 'status', status: 204 },
    { kind: 'status', status: 206 },
    { kind: 'status', status: 500 },
    { kind: 'status', status: 401 },
    { kind: 'body', body: '' },
    { kind: 'body', body: 'null', contentType: 'application/json' },
    { kind: 'vanish', status: 410 },
  ];
  const words = (fault: Fault) => JSON.stringify(fault);

  test.each(FAULTS.map((fault) => [words(fault), fault] as const))(
    'a file that comes with %s',
    async (_, fault) => {
      const undo = house().registry.withFault(/file-faults-1\.0\.0\.tgz$/, fault);
      house().clock.advance(60_000);
      await nothingPasses(
        () => house().ask(tarballPath('file-faults', '1.0.0')),
        house().registry.tarball('file-faults', '1.0.0'),
      );
      undo();
    },
  );

  test.each(FAULTS.map((fault) => [words(fault), fault] as const))(
    'a new index that comes with %s',
    async (_, fault) => {
      const undo = house().registry.withFault(/index-faults$/, fault);
      house().clock.advance(60_000);
      await nothingPasses(
        () => house().ask(tarballPath('index-faults', '1.0.0')),
        house().registry.tarball('index-faults', '1.0.0'),
      );
      undo();
    },
  );

  test('a vault whose folders are gone, for what is kept and for what is new', async () => {
    expect((await house().ask(tarballPath('vault-gone', '1.0.0'))).status).toBe(200);
    const vault = join(house().root, 'data', 'vault');
    await rename(vault, `${vault}.away`);
    try {
      for (const version of ['1.0.0', '1.1.0'])
        await nothingPasses(
          () => house().ask(tarballPath('vault-gone', version)),
          house().registry.tarball('vault-gone', version),
        );
    } finally {
      await rename(`${vault}.away`, vault);
    }
    house().clock.advance(60_000);
    expect((await house().ask(tarballPath('vault-gone', '1.1.0'))).status).toBe(200);
  });

  test('the positive control: without any of it all of them are served', async () => {
    house().registry.clearFaults();
    house().clock.advance(3_600_000);
    for (const name of NAMES) expect((await house().ask(tarballPath(name, '1.0.0'))).status).toBe(200);
    expect((await house().ask('/pypi/files/wheel/wheel-1.0-py3-none-any.whl')).status).toBe(200);
  });
});
