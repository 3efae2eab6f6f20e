import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEvidenceHouse } from '../admission/evidence-house.ts';
import { allowing, DAY, SECOND, startHouse, tarballPath } from '../admission/harness.ts';
import { selfSigned } from '../gate/self-signed.ts';
import { mintWorld } from '../harness/sigstore-world.ts';
import { heading } from './attacks.ts';
import { server } from './server.ts';

describe(heading('A22'), () => {
  describe('somebody in between', () => {
    let middle: Server;
    const heard: string[] = [];
    beforeAll(async () => {
      middle = createServer(selfSigned(), (request, response) => {
        heard.push(request.url ?? '');
        response.end('{"name":"left-pad","versions":{}}');
      });
      await new Promise<void>((resolve) => middle.listen(0, '127.0.0.1', resolve));
    });
    afterAll(() => new Promise((resolve) => middle.close(resolve)));

    test('with a certificate that nobody vouches for hears no request', async () => {
      const { port } = middle.address() as AddressInfo;
      const house = await startHouse({
        policy: allowing(['left-pad']),
        env: { SALLYPORT_NPM_UPSTREAM: `https://127.0.0.1:${port}/npm-up/` },
      });
      try {
        const answer = await house.ask('/npm/left-pad');
        expect([answer.status, answer.json.code]).toEqual([502, 'UPSTREAM_FAULT']);
        expect(heard).toEqual([]);
      } finally {
        await house.remove();
      }
    });
  });

  describe('an index that is set back', () => {
    const house = server(
      { policy: allowing(['lib'], [], 'requirements: { npm: { floor: admitted } }\n') },
      async ({ registry }) => {
        registry.addNpm('lib', { '1.0.0': {}, '1.1.0': {} });
      },
    );
    test('what vanished is withdrawn, and what was below it is not offered for it', async () => {
      expect((await house().ask(tarballPath('lib', '1.1.0'))).status).toBe(200);
      house().registry.removeNpm('lib', '1.1.0');
      house().clock.advance(300 * SECOND);
      const gone = await house().ask(tarballPath('lib', '1.1.0'));
      expect([gone.status, gone.json.code]).toEqual([403, 'WITHDRAWN_UPSTREAM']);
      const below = await house().ask(tarballPath('lib', '1.0.0'));
      expect([below.status, below.json.code]).toEqual([403, 'BELOW_FLOOR']);
    });

    test('other bytes under a version that was admitted are refused, whatever the index says', async () => {
      house().registry.addNpm('lib', { '1.1.0': { files: { 'evil.js': '1' } } });
      house().clock.advance(300 * SECOND);
      const changed = await house().ask(tarballPath('lib', '1.1.0'));
      expect([changed.status, changed.json.code]).toEqual([403, 'DIGEST_CHANGED']);
    });
  });

  describe('an index that is frozen', () => {
    const house = server({ policy: allowing(['frozen']) }, ({ registry }) => {
      registry.addNpm('frozen', { '1.0.0': {} });
    });
    test('serves nobody after its age, and says so before', async () => {
      expect((await house().ask(tarballPath('frozen', '1.0.0'))).status).toBe(200);
      house().registry.withFault(/./, { kind: 'reset' });
      house().clock.advance(2 * DAY);
      for (const path of ['/npm/frozen', tarballPath('frozen', '1.0.0')])
        expect((await house().ask(path)).status).toBeGreaterThanOrEqual(500);
    });
  });

  test('a registry with keys of its own is not the registry that is trusted', async () => {
    const house = await startEvidenceHouse({
      policy:
        'profile: default\nrequirements: { npm: { registry-signature: required, provenance: off } }\nallow: [{ npm: honest }, { npm: forged }]\n',
    });
    try {
      await house.add('honest', '1.0.0', { provenance: null });
      expect((await house.ask(tarballPath('honest', '1.0.0'))).status).toBe(200);
      const other = await mintWorld({ clock: house.world.time });
      const { sha512 } = await house.add('forged', '1.0.0', { provenance: null, signed: false });
      const integrity = `sha512-${Buffer.from(sha512.slice(7), 'hex').toString('base64')}`;
      const signature = other.registrySignature({ name: 'forged', version: '1.0.0', integrity });
      const own = house.world.registrySignature({ name: 'forged', version: '1.0.0', integrity });
      for (const signed of [[signature], [{ ...signature, keyid: own.keyid }]]) {
        await house.add('forged', '1.0.0', { provenance: null, signed });
        house.clock.advance(2 * 3_600_000);
        // Keys that the upstream itself offers are not asked for.
        house.registry.withFault(/npm\/v1\/keys/, { kind: 'body', body: other.trust.npmKeys.toString() });
        const refused = await house.ask(tarballPath('forged', '1.0.0'));
        expect(refused.status).toBe(403);
        expect(refused.json.code).toMatch(/SIGNATURE/);
      }
      expect(house.takeAsked().filter((path) => path.includes('keys'))).toEqual([]);
    } finally {
      await house.remove();
    }
  });
});
