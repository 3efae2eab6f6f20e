import { beforeAll, expect, test } from 'vitest';
import { sriOf } from '../../src/model/digest.ts';
import { checkEvidence } from '../../src/verify/evidence.ts';
import { openTrust } from '../../src/verify/trust.ts';
import { mintWorld, type World } from '../harness/sigstore-world.ts';
import { NPM } from '../verify/checking.ts';

let world: World;
beforeAll(async () => {
  world = await mintWorld();
});

test.each(['as it is', 'with a compressed point', 'with an octet behind it'] as const)(
  'a revoked key does not come back under another id, %s',
  (form) => {
    const { spki } = world.keys.revoked;
    const point = spki.subarray(-65);
    const last = point.at(-1) ?? 0;
    const bytes = {
      'as it is': spki,
      'with a compressed point': Buffer.concat([
        Buffer.from('3039301306072a8648ce3d020106082a8648ce3d030107032200', 'hex'),
        Buffer.of(2 + (last & 1)),
        point.subarray(1, 33),
      ]),
      'with an octet behind it': Buffer.concat([spki, Buffer.of(0)]),
    }[form];
    const listed = JSON.parse(Buffer.from(world.trust.npmKeys).toString());
    listed.keys.push({
      keyId: 'SHA256:another',
      keyUsage: 'npm:signatures',
      publicKey: {
        rawBytes: bytes.toString('base64'),
        keyDetails: 'PKIX_ECDSA_P256_SHA_256',
        validFor: { start: '2020-01-01T00:00:00Z' },
      },
    });
    const trust = openTrust({ ...world.trust, npmKeys: Buffer.from(JSON.stringify(listed)) });
    const { sig } = world.registrySignature({ ...NPM, integrity: sriOf(NPM.sha512), key: 'revoked' });
    const document = Buffer.from(JSON.stringify({ signatures: [{ keyid: 'SHA256:another', sig }] }));
    const job = { artifact: NPM, kind: 'npm-signatures', bytes: document } as const;
    const verdict = checkEvidence(trust, { ...job, claimedAt: null, neverAbsent: false }, world.now);
    expect(verdict).toMatchObject({ result: 'unchecked', cause: 'key-unknown' });
  },
);
