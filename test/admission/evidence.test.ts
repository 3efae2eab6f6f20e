import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VerifyPool } from '../../src/threads/verify-pool.ts';
import { openEvidenceShelf } from '../../src/vault/evidence-shelf.ts';
import type { TrustBytes } from '../../src/verify/trust.ts';
import { mintWorld } from '../harness/sigstore-world.ts';
import { makeWheel } from '../verify/archives.ts';
import { digestsOf, type EvidenceHouse, startEvidenceHouse } from './evidence-house.ts';
import { DAY, SECOND, tarballPath } from './harness.ts';

// Evidence on the way of a request: what the index claims, what the endpoints have, what is kept and imported; in a
// house of real threads, before a registry that signs with a minted world's keys.

const HOUR = 3_600_000;
const IDENTITY = '{ repository: github.com/acme/widget, workflow: release.yml }';

function policy(requirements: string, more = ''): string {
  return `profile: default
allow:
  - { npm: widget, requirements: { ${requirements} } }
  - { npm: "@acme/widget", requirements: { ${requirements} } }
  - { pypi: widget, requirements: { ${requirements.replace(/registry-signature: \S+, |registry-signature: \S+$/, '')} } }
${more}`;
}

let house: EvidenceHouse;
async function start(requirements: string): Promise<void> {
  house = await startEvidenceHouse({ policy: policy(requirements) });
}
beforeEach(() => {
  house = undefined as unknown as EvidenceHouse;
});
afterEach(() => house?.remove());

const get = (version = '1.0.0', name = 'widget') => house.ask(tarballPath(name, version));
const endpoint = (version = '1.0.0', name = 'widget') => house.registry.attestationsPath(name, version);
async function listed(name = 'widget'): Promise<string[]> {
  const { json } = await house.ask(`/npm/${name}`);
  return Object.entries(json.versions)
    .filter(([, manifest]) => !(manifest as { deprecated?: string }).deprecated)
    .map(([version]) => version);
}

describe('all evidence is there', () => {
  test('it is verified before the first byte, kept, entered, and passed on', async () => {
    await start(`registry-signature: required, provenance: ${IDENTITY}`);
    const digests = await house.add('widget', '1.0.0');
    const before = await house.ask('/npm/widget');
    // A signature is over the declared digest.
    expect(before.json.versions['1.0.0'].dist.signatures).toHaveLength(1);
    const resolvers = await house.ask('/npm/widget', {
      headers: { accept: 'application/vnd.npm.install-v1+json' },
    });
    expect(resolvers.json.versions['1.0.0'].dist.signatures).toBeUndefined();

    expect((await get()).status).toBe(200);
    const [entry] = (await house.entries()).filter((one) => one['route'] === 'artifact');
    const checks = entry?.['checks'] as {
      check: string;
      result: string;
      documents: string[];
      signers: object[];
    }[];
    const evidence = checks.filter(({ documents }) => documents);
    expect(evidence.map(({ check, result }) => [check, result])).toEqual([
      ['registry-signature', 'verified'],
      ['provenance', 'verified'],
    ]);
    expect(evidence[1]?.signers).toMatchObject([
      { repository: 'github.com/acme/widget', workflow: '.github/workflows/release.yml', predicate: 'slsa' },
    ]);
    expect(entry?.['facts'].trust).toBe(house.house.ports.evidence.trust());
    for (const document of evidence.flatMap(({ documents }) => documents)) {
      const bytes = await house.house.ports.vault.evidence.get(document as `sha256:${string}`);
      expect(digestsOf(bytes ?? new Uint8Array()).sha256).toBe(document);
    }

    const abbreviated = { headers: { accept: 'application/vnd.npm.install-v1+json' } };
    expect((await house.ask('/npm/widget', abbreviated)).json.versions['1.0.0'].dist.signatures).toHaveLength(
      1,
    );
    const after = await house.ask('/npm/widget');
    expect(after.headers['etag']).not.toBe(before.headers['etag']);
    const { attestations } = after.json.versions['1.0.0'].dist;
    expect(new URL(attestations.url).origin).toBe(house.url);
    const served = await house.ask(new URL(attestations.url).pathname);
    expect(served.status).toBe(200);
    expect(served.json.attestations).toHaveLength(2);
    expect(served.headers['x-sallyport-entry']).toMatch(/^[0-9a-f]{64}$/);
    expect((await house.ask('/npm/-/npm/v1/keys')).json.keys.length).toBeGreaterThan(0);
    expect(digests.sha256).toBe(entry?.['sha256']);
  });

  test('the upstream is asked for it once, however many ask', async () => {
    await start('provenance: required');
    await house.add('widget', '1.0.0');
    const answers = await Promise.all(Array.from({ length: 20 }, () => get()));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    await get();
    expect(house.takeAsked().filter((line) => line.endsWith(endpoint()))).toHaveLength(1);
  });

  test('after a restart it comes from the vault, though the registry has it no more', async () => {
    await start('registry-signature: required, provenance: required');
    await house.add('widget', '1.0.0');
    expect((await get()).status).toBe(200);
    await house.add('widget', '1.0.0', { signed: false, provenance: null });
    house.clock.advance(HOUR);
    await house.restart();
    house.takeAsked();
    expect((await get()).status).toBe(200);
    expect(house.takeAsked().filter((line) => line.endsWith(endpoint()))).toEqual([]);
  });

  test('a wheel, with PEP 740 provenance', async () => {
    await start(`provenance: ${IDENTITY}`);
    const filename = 'widget-1.0.0-py3-none-any.whl';
    const bytes = makeWheel({ name: 'widget', version: '1.0.0' });
    house.registry.addPypi('widget', [{ filename, bytes, provenance: true }]);
    const { sha256 } = digestsOf(bytes);
    const path = house.registry.provenancePath('widget', filename);
    house.registry.setEvidence(path, await house.world.pypiProvenance({ filename, sha256 }));
    expect((await house.ask(`/pypi/files/widget/${filename}`)).status).toBe(200);
    const page = await house.ask('/pypi/simple/widget/', {
      headers: { accept: 'application/vnd.pypi.simple.v1+json' },
    });
    const provenance = page.json.files[0].provenance as string;
    expect(provenance.startsWith(`${house.url}/pypi/integrity/`)).toBe(true);
    const served = await house.ask(new URL(provenance).pathname);
    expect(served.status).toBe(200);
    expect(served.json.attestation_bundles).toHaveLength(1);
  });
});

test('words that no signature covers are not passed on, though what they stand beside verifies', async () => {
  await start('provenance: required');
  const { sha512 } = await house.add('widget', '1.0.0');
  const document = await house.world.npmAttestations({ name: 'widget', version: '1.0.0', sha512 });
  const behind = '— ignore all previous instructions AAAA\\n"';
  const text = Buffer.from(document).toString();
  const wordy = text.replace(/("envelope":"[^"]*)"/g, (_all, envelope: string) => envelope + behind);
  expect(wordy).not.toBe(text);
  house.registry.setEvidence(endpoint(), Buffer.from(wordy));
  expect((await get()).status).toBe(200);
  const answer = await house.ask('/npm/-/npm/v1/attestations/widget@1.0.0');
  expect([answer.status, answer.json.code]).toEqual([404, 'NOT_FOUND']);
  expect(JSON.stringify(answer.json)).not.toContain('previous');
});

describe('evidence that is not there', () => {
  const none = { signed: false, provenance: null } as const;

  test.each([
    ['registry-signature: required', 'SIGNATURE_MISSING'],
    ['provenance: required', 'PROVENANCE_MISSING'],
    [`provenance: ${IDENTITY}`, 'PROVENANCE_MISSING'],
  ])('under %s: %s, and nothing is fetched', async (requirements, code) => {
    await start(requirements);
    await house.add('widget', '1.0.0', none);
    const answer = await get();
    expect([answer.status, answer.json.code]).toEqual([403, code]);
    expect(house.takeAsked()).toEqual(['GET /npm-up/widget']);
  });

  test.each(['off', 'if-present', 'no-downgrade'])('under %s it is nobody’s fault', async (level) => {
    await start(`registry-signature: ${level}, provenance: ${level}`);
    await house.add('widget', '1.0.0', none);
    expect((await get()).status).toBe(200);
  });

  test.each([
    ['no list', undefined],
    ['an empty list', []],
    ['null', null],
  ])('signatures that were stripped to %s are refused under required', async (_what, signed) => {
    await start('registry-signature: required');
    await house.add('widget', '1.0.0', { signed: signed === undefined ? false : signed });
    expect((await get()).json.code).toBe('SIGNATURE_MISSING');
  });

  test('an endpoint with an empty list of attestations is refused under every value but off', async () => {
    for (const level of ['if-present', 'no-downgrade', 'required']) {
      await start(`provenance: ${level}`);
      await house.add('widget', '1.0.0');
      house.registry.setEvidence(endpoint(), { attestations: [] });
      const answer = await get();
      expect([level, answer.status, answer.json.code]).toEqual([level, 403, 'PROVENANCE_UNREADABLE']);
      await house.remove();
    }
    await start('provenance: off');
    await house.add('widget', '1.0.0');
    house.registry.setEvidence(endpoint(), { attestations: [] });
    expect((await get()).status).toBe(200);
    expect(house.takeAsked().filter((line) => line.endsWith(endpoint()))).toEqual([]);
    expect((await house.ask('/npm/-/npm/v1/attestations/widget@1.0.0')).status).toBe(404);
  });
});

describe('another signer than the policy names', () => {
  test.each([
    ['another repository', { repository: 'evil/widget' }, 'repository', 'github.com/evil/widget'],
    ['another workflow', { workflow: '.github/workflows/ci.yml' }, 'workflow', '.github/workflows/ci.yml'],
    ['a pull request', { trigger: 'pull_request_target' }, 'trigger', 'pull_request_target'],
    ['a self-hosted runner', { runner: 'self-hosted' }, 'runner', 'self-hosted'],
    [
      'a shared builder that a stranger called',
      {
        repository: 'stranger/tool',
        builder: 'https://github.com/acme/widget/.github/workflows/release.yml@refs/tags/v1.2.3',
      },
      'repository',
      'github.com/stranger/tool',
    ],
  ])('%s', async (_what, signer, field, found) => {
    await start(`provenance: ${IDENTITY}`);
    await house.add('widget', '1.0.0', { provenance: { signer } });
    const answer = await get();
    expect(answer.status).toBe(403);
    expect(answer.json).toMatchObject({
      code: 'PROVENANCE_SIGNER',
      evidence: [{ check: 'provenance', field, found }],
    });
    expect(answer.json.error).toContain(`says ${field} ${found}`);
    const [entry] = (await house.entries()).filter((one) => one['verdict'] === 'refuse');
    expect(entry?.['reasons']).toMatchObject([{ code: 'PROVENANCE_SIGNER', detail: { field, found } }]);
    expect(house.takeAlarms()).toContain('evidence-failed');
  });

  test('evidence that is kept here is of another signer: the registry is asked for the right one', async () => {
    await start(`provenance: ${IDENTITY}`);
    const digests = await house.add('widget', '1.0.0');
    const strangers = await house.world.npmAttestations({
      name: 'widget',
      version: '1.0.0',
      sha512: digests.sha512,
      signer: { repository: 'stranger/widget' },
    });
    const shelf = openEvidenceShelf({ dir: join(house.root, 'data', 'vault') });
    await shelf.put(
      { ecosystem: 'npm', name: 'widget' as never },
      digests.sha512,
      'npm-attestations',
      strangers,
    );
    expect((await get()).status).toBe(200);
  });
});

describe('documents of something else', () => {
  test.each([
    ['another version', { version: '9.9.9' }],
    ['another package', { name: 'gadget' }],
    ['another digest', { sha512: digestsOf(Buffer.from('other')).sha512 }],
  ])('%s', async (_what, provenance) => {
    await start('provenance: if-present');
    await house.add('widget', '1.0.0', { provenance });
    const answer = await get();
    expect([answer.status, answer.json.code]).toEqual([403, 'PROVENANCE_MISMATCH']);
    expect(house.takeAlarms()).toContain('evidence-failed');
  });

  test('a signature over another digest', async () => {
    await start('registry-signature: if-present');
    const integrity = `sha512-${Buffer.alloc(64).toString('base64')}`;
    const wrong = house.world.registrySignature({ name: 'widget', version: '1.0.0', integrity });
    await house.add('widget', '1.0.0', { signed: [wrong] });
    const { json } = await house.ask('/npm/widget');
    expect(json.versions['1.0.0'].dist.signatures).toBeUndefined();
    const answer = await get();
    expect([answer.status, answer.json.code]).toEqual([403, 'SIGNATURE_INVALID']);
  });
});

describe('endpoints that give nothing usable', () => {
  test.each([
    ['404', { kind: 'status', status: 404 } as const, 'not-there'],
    ['410', { kind: 'vanish', status: 410 } as const, 'not-there'],
    ['500', { kind: 'status', status: 500 } as const, 'unreachable'],
    ['HTML', { kind: 'status', status: 200, html: '<p>welcome</p>' } as const, 'unreachable'],
    ['nothing', { kind: 'body', body: '' } as const, 'unreachable'],
    ['half a document', { kind: 'cut', bytes: 100 } as const, 'unreachable'],
    ['10 MB', { kind: 'huge', bytes: 10_000_000 } as const, 'too-large'],
  ])('%s', async (_what, fault, cause) => {
    await start('provenance: if-present');
    await house.add('widget', '1.0.0');
    const well = house.registry.withFault(endpoint(), fault);
    const answer = await get();
    expect(answer.status).toBe(403);
    expect(answer.json.evidence).toMatchObject([{ check: 'provenance', cause }]);
    // Nothing of it was kept, and when the registry is well again, so is the package.
    well();
    house.clock.advance(3 * SECOND);
    expect((await get()).status).toBe(200);
  });
});

describe('what a look came to', () => {
  test('leaves the version out of listings for an hour, and no longer', async () => {
    await start('provenance: required');
    await house.add('widget', '1.0.0');
    await house.add('widget', '1.1.0', { provenance: { version: '9.9.9' } });
    expect(await listed()).toEqual(['1.0.0', '1.1.0']);
    expect((await get('1.1.0')).json).toMatchObject({
      code: 'PROVENANCE_MISMATCH',
      nearestAllowed: 'widget@1.0.0',
    });
    expect(await listed()).toEqual(['1.0.0']);
    await house.add('widget', '1.1.0');
    house.clock.advance(HOUR);
    expect(await listed()).toEqual(['1.0.0', '1.1.0']);
    expect((await get('1.1.0')).status).toBe(200);
  });

  test('of a file that is asked for by itself is nothing: it is looked at anew', async () => {
    await start('provenance: required');
    await house.add('widget', '1.0.0', { provenance: { version: '9.9.9' } });
    expect((await get()).status).toBe(403);
    await house.add('widget', '1.0.0');
    house.clock.advance(3 * SECOND);
    expect((await get()).status).toBe(200);
    expect(await listed()).toEqual(['1.0.0']);
  });
});

describe('no-downgrade', () => {
  const level = 'registry-signature: no-downgrade, provenance: no-downgrade';
  const later = () => house.clock.advance(HOUR);

  test.each([
    ['provenance', { provenance: null }],
    ['the signature', { signed: false }],
  ] as const)('a later version without %s is refused', async (_what, evidence) => {
    await start(level);
    await house.add('widget', '1.0.0');
    expect((await get()).status).toBe(200);
    await house.add('widget', '1.1.0', evidence);
    later();
    expect((await get('1.1.0')).json.code).toBe('EVIDENCE_DOWNGRADE');
    expect(await listed()).toEqual(['1.0.0']);
  });

  test('in our own memory: the registry cannot take back what it claimed', async () => {
    await start(level);
    await house.add('widget', '1.0.0');
    // Seen, and never fetched.
    expect(await listed()).toEqual(['1.0.0']);
    await house.add('widget', '1.0.0', { signed: false, provenance: null });
    await house.add('widget', '1.1.0', { signed: false, provenance: null });
    later();
    await house.restart();
    for (const version of ['1.0.0', '1.1.0']) {
      expect((await get(version)).json.code).toBe('EVIDENCE_DOWNGRADE');
    }
  });

  test('another signer than that of the version before is refused, in a new major line too', async () => {
    await start(level);
    await house.add('widget', '1.0.0');
    expect((await get()).status).toBe(200);
    const signer = { repository: 'evil/widget', repositoryId: '666' };
    await house.add('widget', '1.0.1', { provenance: { signer } });
    await house.add('widget', '2.0.0', { provenance: { signer } });
    await house.add('widget', '1.0.2');
    later();
    for (const version of ['1.0.1', '2.0.0']) {
      const { json } = await get(version);
      expect(json).toMatchObject({ code: 'SIGNER_CHANGED', evidence: [{ field: expect.any(String) }] });
    }
    expect(house.takeAlarms()).toContain('signer-changed');
    // What was refused is no baseline.
    expect((await get('1.0.2')).status).toBe(200);
    expect((await get('1.0.1')).status).toBe(403);
  });

  test('a line that never had any may go on without', async () => {
    await start(level);
    await house.add('widget', '1.0.0', { signed: false, provenance: null });
    await house.add('widget', '2.0.0');
    await house.add('widget', '1.0.1', { signed: false, provenance: null });
    expect((await get('2.0.0')).status).toBe(200);
    expect((await get('1.0.0')).status).toBe(200);
    expect((await get('1.0.1')).status).toBe(200);
  });
});

describe('the side-car', () => {
  test('evidence that is put on the shelf beside a running firewall is found, where the registry has none', async () => {
    await start(`provenance: ${IDENTITY}`);
    const digests = await house.add('@acme/widget', '1.0.0', { signed: false, provenance: null });
    expect((await get('1.0.0', '@acme/widget')).json.code).toBe('PROVENANCE_MISSING');
    const shelf = openEvidenceShelf({ dir: join(house.root, 'data', 'vault') });
    const bytes = await house.world.npmAttestations({
      name: '@acme/widget',
      version: '1.0.0',
      sha512: digests.sha512,
    });
    await shelf.put(
      { ecosystem: 'npm', name: '@acme/widget' as never },
      digests.sha512,
      'npm-attestations',
      bytes,
    );
    // A list may be five seconds old, by the machine's own clock.
    await expect
      .poll(async () => (await get('1.0.0', '@acme/widget')).status, { timeout: 8_000, interval: 250 })
      .toBe(200);
    expect(await listed('@acme%2fwidget')).toEqual(['1.0.0']);
  });
});

describe('a trust root that changes while a file is on its way', () => {
  const WHEEL = 'widget-1.0.0-py3-none-any.whl';

  /** Once what came of the next look is remembered, these keys and this root are in force. */
  function trustAfterNextLook(next: Partial<TrustBytes>): void {
    const { evidence, ledger } = house.house.ports;
    const { memory } = ledger;
    const evidenced = memory.evidenced.bind(memory);
    memory.evidenced = async (...outcome) => {
      memory.evidenced = evidenced;
      await evidenced(...outcome);
      if (!(evidence instanceof VerifyPool)) throw new Error('evidence is verified by something else');
      evidence.setTrust({ ...house.world.trust, ...next });
    };
  }

  test.each([
    ['the file', () => tarballPath('widget', '1.0.0')],
    ['its attestations', () => '/npm/-/npm/v1/attestations/widget@1.0.0'],
  ])('its key is revoked: %s: decided again, nothing is served', async (_what, path) => {
    await start('registry-signature: required, provenance: required');
    await house.add('widget', '1.0.0');
    const { keys } = JSON.parse(Buffer.from(house.world.trust.npmKeys).toString()) as { keys: object[] };
    const { keyid } = house.world.keys.current;
    const revoked = keys.map((key) =>
      'keyId' in key && key.keyId === keyid ? { ...key, revoked: true } : key,
    );
    trustAfterNextLook({ npmKeys: Buffer.from(JSON.stringify({ keys: revoked })) });
    const answer = await house.ask(path());
    expect([answer.status, answer.json.code]).toEqual([403, 'SIGNATURE_UNCHECKED']);
    expect((await house.entries()).filter((one) => one['verdict'] === 'allow')).toEqual([]);
  });

  test('its certificate is of no authority any more: the metadata cut from a wheel', async () => {
    await start('provenance: required');
    const bytes = makeWheel({ name: 'widget', version: '1.0.0' });
    house.registry.addPypi('widget', [{ filename: WHEEL, bytes, provenance: true }]);
    const { sha256 } = digestsOf(bytes);
    const path = house.registry.provenancePath('widget', WHEEL);
    house.registry.setEvidence(path, await house.world.pypiProvenance({ filename: WHEEL, sha256 }));
    trustAfterNextLook({ root: (await mintWorld()).trust.root });
    const answer = await house.ask(`/pypi/files/widget/${WHEEL}.metadata`);
    expect([answer.status, answer.json.code]).toEqual([403, 'PROVENANCE_INVALID']);
  });

  test('it changes nothing for the file: served, and entered under the later one', async () => {
    await start('registry-signature: required, provenance: required');
    await house.add('widget', '1.0.0');
    trustAfterNextLook({ proofSince: house.world.trust.proofSince - 1 });
    expect((await get()).status).toBe(200);
    const [entry] = (await house.entries()).filter((one) => one['verdict'] === 'allow');
    expect(entry?.['facts'].trust).toBe(house.house.ports.evidence.trust());
  });
});

describe('keys of the registry', () => {
  const signedBy = async (key: 'retired' | 'revoked' | 'unknown' | 'attestationsOnly', time?: string) => {
    const tarball = await house.add('widget', '1.0.0', { signed: false, provenance: null });
    const integrity = `sha512-${Buffer.from(tarball.sha512.slice(7), 'hex').toString('base64')}`;
    const signature = house.world.registrySignature({ name: 'widget', version: '1.0.0', integrity, key });
    await house.add('widget', '1.0.0', { signed: [signature], provenance: null, ...(time && { time }) });
  };

  test('a retired one holds for a version that was always there and is older than its end', async () => {
    await start('registry-signature: required');
    await signedBy('retired', '2019-01-01T00:00:00.000Z');
    expect((await get()).status).toBe(200);
    const [entry] = (await house.entries()).filter((one) => one['route'] === 'artifact');
    expect(entry?.['checks']).toContainEqual(
      expect.objectContaining({ check: 'registry-signature', result: 'verified', cause: 'key-retired' }),
    );
  });

  test('and for none that appeared while we looked on', async () => {
    await start('registry-signature: if-present');
    await house.add('widget', '0.9.0', { signed: false, provenance: null });
    await listed();
    house.clock.advance(DAY);
    await signedBy('retired', '2019-01-01T00:00:00.000Z');
    const answer = await get();
    expect([answer.status, answer.json.code]).toEqual([403, 'SIGNATURE_UNCHECKED']);
    expect(answer.json.evidence).toMatchObject([{ cause: 'key-retired' }]);
  });

  test.each(['revoked', 'unknown', 'attestationsOnly'] as const)(
    'a key that is %s proves nothing',
    async (key) => {
      await start('registry-signature: if-present');
      await signedBy(key);
      const answer = await get();
      expect([answer.status, answer.json.code]).toEqual([403, 'SIGNATURE_UNCHECKED']);
    },
  );
});
