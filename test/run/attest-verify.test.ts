import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sriOf } from '../../src/model/digest.ts';
import { digestsOf, type EvidenceHouse, startEvidenceHouse } from '../admission/evidence-house.ts';
import { DAY, tarballPath } from '../admission/harness.ts';
import { fixturePath, reasonForNoFixtures } from '../harness/fixtures.ts';
import { mintWorld } from '../harness/sigstore-world.ts';
import { makeWheel } from '../verify/archives.ts';
import { attestPlace, type Place } from './attest-place.ts';

// `sallyport attest verify`: evidence of a file, of the vault, and of a ledger entry, verified again without a network.

const ARTIFACT = Buffer.from('the artifact');
const BYTES = digestsOf(ARTIFACT);
const WIDGET = { name: 'widget', version: '1.0.0', sha512: BYTES.sha512 };
const REPOSITORY = ['--repository', 'github.com/acme/widget'];

let place: Place;
afterEach(() => place?.remove());

describe('a file', () => {
  let file: string;
  beforeEach(async () => {
    place = await attestPlace();
    file = await place.put('pair.json', await place.world.npmAttestations(WIDGET));
  });

  test('that is held to bytes says what it proves', async () => {
    const artifact = await place.put('widget.tgz', ARTIFACT);
    const ran = await place.run(
      'attest',
      'verify',
      file,
      '--artifact',
      artifact,
      ...REPOSITORY,
      '--workflow',
      'release.yml',
    );
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout.replace(/sha256:[0-9a-f]{64}$/m, 'DOCUMENT').split('\n')).toEqual([
      'verified widget@1.0.0 npm-attestations DOCUMENT',
      '  built by repository github.com/acme/widget, workflow .github/workflows/release.yml, ref refs/tags/v1.2.3, commit 0123456789abcdef0123456789abcdef01234567, trigger push, runner github-hosted, environment release, issuer https://token.actions.githubusercontent.com',
      `  of ${BYTES.sha256}, as it was given`,
      `  of ${BYTES.sha512}, as it was given`,
      '',
    ]);
  });

  test('that is held to nothing but itself verifies, and that is said', async () => {
    const ran = await place.run('attest', 'verify', file);
    expect([ran.code, ran.stderr]).toEqual([0, expect.stringMatching('not held to bytes')]);
    expect(ran.stdout).toContain('as it says itself');
  });

  test.each([
    ['other bytes', ['--digest', digestsOf(Buffer.from('other')).sha512], 'PROVENANCE_MISMATCH'],
    ['a digest of another kind than it names', ['--digest', BYTES.sha256], 'PROVENANCE_MISMATCH'],
    [
      'another repository',
      ['--repository', 'github.com/evil/widget'],
      'says repository github.com/acme/widget, and github.com/evil/widget is asked for',
    ],
    ['another workflow', [...REPOSITORY, '--workflow', 'ci.yml'], '.github/workflows/ci.yml is asked for'],
    ['another issuer', [...REPOSITORY, '--issuer', 'https://gitlab.com'], 'says issuer'],
    ['another ref', [...REPOSITORY, '--ref', 'refs/heads/*'], 'says ref refs/tags/v1.2.3'],
    ['another environment', [...REPOSITORY, '--environment', 'test'], 'says environment release'],
    ['another owner', [...REPOSITORY, '--owner-id', '42'], 'says owner-id 41'],
    [
      'another subject',
      ['--subject', 'a@b', '--issuer', 'https://token.actions.githubusercontent.com'],
      'says subject',
    ],
  ])('is not of %s', async (_what, options, words) => {
    const ran = await place.run('attest', 'verify', file, ...options);
    expect([ran.code, ran.stdout]).toEqual([1, expect.stringContaining(words)]);
    expect(ran.stdout).toMatch(/^refused /);
  });

  test('of a registry signature is no provenance of a signer that is asked for', async () => {
    const integrity = sriOf(BYTES.sha512);
    const sig = place.world.registrySignature({ name: 'widget', version: '1.0.0', integrity });
    const list = await place.put(
      'list.json',
      JSON.stringify([{ name: 'widget', version: '1.0.0', integrity, ...sig }]),
    );
    expect(await place.run('attest', 'verify', list)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('  the registry vouches for this name, version and digest\n'),
    });
    const ran = await place.run('attest', 'verify', list, ...REPOSITORY);
    expect([ran.code, ran.stderr]).toEqual([
      1,
      expect.stringMatching('nothing here is provenance of the signer'),
    ]);
  });

  test('by a build that anybody can start is not of the signer that is asked for', async () => {
    const signer = { trigger: 'pull_request_target' };
    const stranger = await place.put('pr.json', await place.world.npmAttestations({ ...WIDGET, signer }));
    expect((await place.run('attest', 'verify', stranger, ...REPOSITORY)).code).toBe(1);
    expect((await place.run('attest', 'verify', stranger)).code).toBe(0);
  });

  test('of a text in a certificate that no terminal should see prints none of it', async () => {
    const signer = { environment: '\u001b[2J run this' };
    const odd = await place.put('odd.json', await place.world.npmAttestations({ ...WIDGET, signer }));
    const { code, stdout } = await place.run('attest', 'verify', odd);
    expect([code, stdout]).toEqual([0, expect.stringContaining('environment (unprintable)')]);
    expect(stdout).toMatch(/^[\x20-\x7e\n]+$/);
  });

  test('as JSON', async () => {
    const { code, lines } = await place.json('attest', 'verify', file, '--digest', BYTES.sha512);
    expect([code, lines]).toMatchObject([
      0,
      [
        {
          ok: true,
          kind: 'npm-attestations',
          document: digestsOf(await readFile(file)).sha256,
          ecosystem: 'npm',
          name: 'widget',
          version: '1.0.0',
          file: 'widget-1.0.0.tgz',
          sha512: BYTES.sha512,
          bound: 'given',
          verdict: {
            check: 'provenance',
            result: 'verified',
            signers: [{ repository: 'github.com/acme/widget' }],
          },
          problem: null,
          trust: expect.stringMatching(/^sha256:/),
        },
      ],
    ]);
  });

  test.each([
    ['nothing', [], 2],
    ['a file and an entry', ['FILE', '--entry', '3'], 2],
    ['an artifact and a digest', ['FILE', '--artifact', 'FILE', '--digest', BYTES.sha256], 2],
    ['a digest that is none', ['FILE', '--digest', 'md5:00'], 2],
    ['another ecosystem', ['widget@1.0.0', '--package', 'cargo'], 2],
    ['a package without a version', ['widget', '--package', 'npm'], 2],
    ['an entry that is none', ['--entry', 'latest'], 2],
    ['a folder for an artifact', ['FILE', '--artifact', '.'], 2],
    ['a folder for evidence', ['.'], 1],
    ['a file that is not there', ['none.json'], 3],
    ['an artifact that is not there', ['FILE', '--artifact', 'none.tgz'], 3],
    ['an entry of no ledger', ['--entry', '3'], 3],
    ['a package of an empty vault', ['widget@1.0.0', '--package', 'npm'], 1],
  ] as const)('%s', async (_what, args, code) => {
    const ran = await place.run('attest', 'verify', ...args.map((arg) => (arg === 'FILE' ? file : arg)));
    expect([ran.code, ran.stdout]).toEqual([code, '']);
    expect(ran.stderr).toMatch(/^(sallyport: [\x20-\x7e]+\n)+$/);
  });
});

test('a vault that cannot be read is not an empty one: 3', async () => {
  place = await attestPlace();
  await writeFile(join(place.env['SALLYPORT_DATA'] ?? '', 'vault'), 'no folder');
  const ran = await place.run('attest', 'verify', 'widget@1.0.0', '--package', 'npm');
  expect(ran).toMatchObject({ code: 3, stdout: '', stderr: expect.stringMatching('ENOTDIR') });
});

describe('a house', () => {
  let house: EvidenceHouse;
  beforeEach(async () => {
    const requirements = 'registry-signature: if-present, provenance: no-downgrade';
    house = await startEvidenceHouse({
      policy: `profile: default
allow:
  - { npm: widget, requirements: { ${requirements} } }
  - { npm: gadget, requirements: { registry-signature: off, provenance: off } }
  - { pypi: widget, requirements: { provenance: required } }
`,
    });
    place = await attestPlace({ data: join(house.root, 'data') });
  });
  afterEach(() => house?.remove());

  const get = (version: string, name = 'widget') => house.ask(tarballPath(name, version));
  const verify = (...args: string[]) => place.json('attest', 'verify', ...args);
  const kept = (version: string) => verify(`widget@${version}`, '--package', 'npm');
  async function entryOf(version: string, route = 'artifact'): Promise<{ seq: number; leaf: string }> {
    const entries = await house.entries({ package: 'widget' });
    const entry = entries.find((one) => one['version'] === version && one['route'] === route);
    if (!entry) throw new Error('there is no such entry');
    return entry;
  }

  test('that is running, stopped, without the artifact, without the ledger: the vault has the evidence', async () => {
    const digests = await house.add('widget', '1.0.0');
    await house.add('widget', '1.1.0');
    expect((await get('1.0.0')).status).toBe(200);
    expect((await get('1.1.0')).status).toBe(200);
    const both = {
      bound: 'ledger',
      version: '1.0.0',
      sha256: digests.sha256,
      sha512: digests.sha512,
      ok: true,
    };
    const expected = {
      code: 0,
      lines: expect.arrayContaining([
        expect.objectContaining({ kind: 'npm-attestations', ...both }),
        expect.objectContaining({ kind: 'npm-signatures', ...both }),
      ]),
    };
    const running = await kept('1.0.0');
    expect(running).toMatchObject(expected);
    expect(running.lines).toHaveLength(2);
    await house.house.close();
    expect(await kept('1.0.0')).toEqual(running);
    await rm(join(house.root, 'data', 'vault', 'cas'), { recursive: true });
    expect(await kept('1.0.0')).toEqual(running);
    // Then a document is held to the digest that it was kept under, and that is said.
    await rm(join(house.root, 'data', 'ledger'), { recursive: true });
    const ran = await place.run('attest', 'verify', 'widget@1.0.0', '--package', 'npm');
    expect([ran.code, ran.stderr]).toEqual([
      0,
      expect.stringMatching('not held to what the ledger remembers'),
    ]);
    expect(ran.stdout.match(/^verified/gm)).toHaveLength(2);
    expect(ran.stdout).toContain(`of ${digests.sha512}, as it says itself`);
    await house.restart();
  });

  test('whose document is damaged or gone: it is told, and is no evidence', async () => {
    await house.add('widget', '1.0.0');
    await get('1.0.0');
    const shelf = join(house.root, 'data', 'vault', 'evidence', 'sha256');
    for (const file of await readdir(shelf, { recursive: true, withFileTypes: true })) {
      if (file.isFile()) await writeFile(join(file.parentPath, file.name), 'damaged');
    }
    const { code, lines } = await kept('1.0.0');
    expect(code).toBe(1);
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      expect(line).toMatchObject({ ok: false, verdict: null, problem: 'the document is gone, or damaged' });
    }
  });

  test('to which a document of other bytes was imported: it is held to what was admitted', async () => {
    await house.add('widget', '1.0.0', { signed: false, provenance: null });
    await get('1.0.0');
    const other = await place.put('other.json', await place.world.npmAttestations(WIDGET));
    expect((await place.run('attest', 'import', other)).code).toBe(0);
    expect(await kept('1.0.0')).toMatchObject({
      code: 1,
      lines: [{ ok: false, bound: 'ledger', verdict: { cause: 'subject-digest' } }],
    });
  });

  test('to which evidence was imported before the first install has it, also a signature that names no version', async () => {
    const integrity = sriOf(BYTES.sha512);
    const sig = place.world.registrySignature({ name: 'widget', version: '1.0.0', integrity });
    const list = await place.put(
      'list.json',
      JSON.stringify([{ name: 'widget', version: '1.0.0', integrity, ...sig }]),
    );
    expect((await place.run('attest', 'import', list)).code).toBe(0);
    expect(await kept('1.0.0')).toMatchObject({
      code: 0,
      lines: [{ kind: 'npm-signatures', bound: 'itself' }],
    });
    expect((await kept('1.0.1')).code).toBe(1);
  });

  test('a wheel', async () => {
    const filename = 'widget-1.0.0-py3-none-any.whl';
    const bytes = makeWheel({ name: 'widget', version: '1.0.0' });
    house.registry.addPypi('widget', [{ filename, bytes, provenance: true }]);
    const provenance = await place.world.pypiProvenance({ filename, sha256: digestsOf(bytes).sha256 });
    house.registry.setEvidence(house.registry.provenancePath('widget', filename), provenance);
    expect((await house.ask(`/pypi/files/widget/${filename}`)).status).toBe(200);
    for (const subject of ['widget==1.0.0', 'Widget@1.0']) {
      const { code, lines } = await verify(subject, '--package', 'pypi', ...REPOSITORY);
      expect([code, lines]).toMatchObject([0, [{ file: filename, bound: 'ledger' }]]);
    }
  });

  describe('an entry', () => {
    test('by number and by leaf hash: each document that it names verifies again, as of then', async () => {
      const digests = await house.add('widget', '1.0.0');
      await get('1.0.0');
      const { seq, leaf } = await entryOf('1.0.0');
      const byNumber = await verify('--entry', String(seq));
      expect(byNumber).toMatchObject({
        code: 0,
        lines: [
          {
            ok: true,
            kind: 'npm-signatures',
            bound: 'entry',
            sha256: digests.sha256,
            before: { result: 'verified' },
          },
          { ok: true, kind: 'npm-attestations', bound: 'entry', sha512: digests.sha512 },
        ],
      });
      expect(byNumber.lines[0].before.trust).toBe(byNumber.lines[0].trust);
      expect(await verify('--entry', leaf)).toEqual(byNumber);
      const plain = await place.run('attest', 'verify', '--entry', leaf);
      expect(plain).toMatchObject({ code: 0, stderr: '' });
      expect(plain.stdout).toContain('as the entry has it');
    });

    /** Takes back the key that signs for the registry. */
    async function revoke(): Promise<void> {
      const keys = JSON.parse(Buffer.from(place.world.trust.npmKeys).toString());
      for (const key of keys.keys) if (key.keyId === place.world.keys.current.keyid) key.revoked = true;
      await place.put('keys.json', JSON.stringify(keys));
    }
    const keptTrustOf = (digest: string) => {
      const hex = digest.replace('sha256:', '');
      return join(house.root, 'data/vault/evidence/sha256', hex.slice(0, 2), hex.slice(2, 4), hex);
    };

    test('of a key that was revoked since verifies under the trust of then, and not under that of today', async () => {
      await house.add('widget', '1.0.0');
      await get('1.0.0');
      const { leaf } = await entryOf('1.0.0');
      const then = house.house.ports.evidence.trust();
      await revoke();
      expect(await kept('1.0.0')).toMatchObject({ code: 1 });
      const plain = await place.run('attest', 'verify', '--entry', leaf);
      expect([plain.code, plain.stderr]).toEqual([
        0,
        expect.stringMatching(
          `under trust ${then}, which the vault has kept: verified under that; today's is sha256:`,
        ),
      ]);
      expect(plain.stdout.match(/^verified/gm)).toHaveLength(2);
      expect(
        plain.stdout.match(
          /^ {2}not under what is trusted today: it was verified when the entry was written, and now .* key that is not pinned/gm,
        ),
      ).toHaveLength(2);
      const { code, lines } = await verify('--entry', leaf);
      expect(code).toBe(0);
      expect(lines).toHaveLength(2);
      for (const line of lines) {
        expect(line).toMatchObject({
          ok: true,
          trust: then,
          problem: null,
          before: { result: 'verified', trust: then },
          today: { ok: false, trust: expect.stringMatching(/^sha256:/), problem: expect.any(String) },
        });
        expect(line.today.trust).not.toBe(then);
      }
      // What the trust of then is held to is still held to: other bytes are other bytes.
      const wrong = await place.put('wrong.tgz', 'something else');
      expect((await verify('--entry', leaf, '--artifact', wrong)).code).toBe(1);
    });

    test('by a server that trusts something else meanwhile: each entry under its own', async () => {
      await house.add('widget', '1.0.0');
      await house.add('widget', '1.1.0');
      await get('1.0.0');
      const before = house.house.ports.evidence.trust();
      const keys = JSON.parse(Buffer.from(place.world.trust.npmKeys).toString());
      await place.put('keys.json', JSON.stringify(keys, null, 2));
      await writeFile(house.npmKeys, JSON.stringify(keys, null, 2));
      expect(await house.house.reload()).toBe(true);
      const after = house.house.ports.evidence.trust();
      expect(after).not.toBe(before);
      await get('1.1.0');
      const told = async (version: string) => (await verify('--entry', (await entryOf(version)).leaf)).lines;
      for (const line of await told('1.0.0'))
        expect(line).toMatchObject({ ok: true, trust: before, today: { ok: true, trust: after } });
      for (const line of await told('1.1.0')) {
        expect(line).toMatchObject({ ok: true, trust: after });
        expect(line).not.toHaveProperty('today');
      }
    });

    test.each(['gone', 'damaged'])(
      'decided under a trust that is %s: that is said, and it is verified under this one',
      async (state) => {
        await house.add('widget', '1.0.0');
        await get('1.0.0');
        const { leaf } = await entryOf('1.0.0');
        const path = keptTrustOf(house.house.ports.evidence.trust());
        await rm(path);
        if (state === 'damaged') await writeFile(path, 'damaged');
        await place.put(
          'keys.json',
          JSON.stringify(JSON.parse(Buffer.from(place.world.trust.npmKeys).toString()), null, 2),
        );
        const same = await place.run('attest', 'verify', '--entry', leaf);
        expect([same.code, same.stderr]).toEqual([
          0,
          expect.stringMatching(/under trust sha256:.*, which the vault does not have.*; verified now under/),
        ]);
        expect(same.stdout).not.toContain('today');
        // A root that vouches for nothing of this.
        await place.put('root.json', (await mintWorld({ clock: place.world.time })).trust.root);
        const other = await verify('--entry', leaf);
        expect(other).toMatchObject({
          code: 1,
          lines: [
            { ok: true },
            {
              ok: false,
              problem: expect.stringMatching(/^it was verified when the entry was written, and now/),
            },
          ],
        });
      },
    );

    test('of a key that was retired since: it counted then', async () => {
      await house.add('widget', '0.9.0', { signed: false, provenance: null });
      await get('0.9.0');
      house.clock.advance(DAY);
      await house.add('widget', '1.0.0', { provenance: null });
      house.clock.advance(DAY);
      await get('1.0.0');
      const { leaf } = await entryOf('1.0.0');
      const keys = JSON.parse(Buffer.from(place.world.trust.npmKeys).toString());
      const { keyid } = place.world.keys.current;
      for (const key of keys.keys) {
        if (key.keyId === keyid) key.publicKey.validFor.end = new Date(house.clock.now() + DAY).toISOString();
      }
      await place.put('keys.json', JSON.stringify(keys));
      // Of the version, seen absent before it appeared, nobody can say any more that it was signed in the key's time.
      expect(await kept('1.0.0')).toMatchObject({ code: 1, lines: [{ verdict: { cause: 'key-retired' } }] });
      expect(await verify('--entry', leaf)).toMatchObject({ code: 0, lines: [{ ok: true }] });
    });

    test('that refused: nothing of it was kept, and it cannot be verified again', async () => {
      await house.add('widget', '1.0.0', { provenance: { version: '9.9.9' } });
      expect((await get('1.0.0')).status).toBe(403);
      const { leaf } = await entryOf('1.0.0');
      const { code, lines } = await verify('--entry', leaf);
      expect(code).toBe(1);
      expect(lines).toMatchObject([
        {
          kind: 'npm-signatures',
          ok: false,
          problem: 'the document was not kept, because the file was refused',
          before: { result: 'verified' },
        },
        {
          kind: 'npm-attestations',
          ok: false,
          problem: 'the document was not kept, because it did not verify',
          before: { result: 'failed', cause: 'subject-name' },
        },
      ]);
    });

    test('held to a file: other bytes are not those of the entry', async () => {
      await house.add('widget', '1.0.0');
      await get('1.0.0');
      const { leaf } = await entryOf('1.0.0');
      const right = await place.put('right.tgz', house.registry.tarball('widget', '1.0.0'));
      const wrong = await place.put('wrong.tgz', 'something else');
      expect((await verify('--entry', leaf, '--artifact', right)).code).toBe(0);
      expect((await verify('--entry', leaf, '--artifact', wrong)).code).toBe(1);
    });

    test('that names no evidence, and one that is not there: 1', async () => {
      await house.add('gadget', '1.0.0');
      await get('1.0.0', 'gadget');
      const [entry] = (await house.entries({ package: 'gadget' })).filter(
        (one) => one['route'] === 'artifact',
      );
      const without = await place.run('attest', 'verify', '--entry', String(entry?.seq));
      expect([without.code, without.stderr]).toEqual([1, expect.stringMatching('names no evidence')]);
      const none = await place.run('attest', 'verify', '--entry', '99999');
      expect([none.code, none.stderr]).toEqual([1, expect.stringMatching('there is no entry 99999')]);
    });
  });
});

describe.skipIf(reasonForNoFixtures !== null)(
  `real evidence${reasonForNoFixtures ? ` (skipped: ${reasonForNoFixtures})` : ''}`,
  () => {
    test.each([
      ['npm', 'sigstore-0.4.0.valid.json', 'npm', 'sigstore@0.4.0', 'github.com/sigstore/sigstore-js'],
      ['npm', 'sigstore-1.0.0.valid.json', 'npm', 'sigstore@1.0.0', 'github.com/sigstore/sigstore-js'],
      [
        'npm',
        'playwright-cli-0.1.1.valid.json',
        'npm',
        '@playwright/cli@0.1.1',
        'github.com/microsoft/playwright-cli',
      ],
      [
        'pypi',
        'sampleproject-4.0.0.tar.gz.provenance',
        'pypi',
        'sampleproject@4.0.0',
        'github.com/pypa/sampleproject',
      ],
      [
        'pypi',
        'pypi_attestations-0.0.19.tar.gz.provenance',
        'pypi',
        'pypi-attestations==0.0.19',
        'github.com/trailofbits/pypi-attestations',
      ],
    ])('%s/%s, from the file and from the vault', async (folder, file, ecosystem, subject, repository) => {
      place = await attestPlace({ minted: false });
      const path = fixturePath(folder, file);
      expect((await place.run('attest', 'verify', path, '--repository', repository)).code).toBe(0);
      expect((await place.run('attest', 'verify', path, '--repository', `${repository}-fork`)).code).toBe(1);
      expect((await place.run('attest', 'import', path)).code).toBe(0);
      const kept = await place.json(
        'attest',
        'verify',
        subject,
        '--package',
        ecosystem,
        '--repository',
        repository,
      );
      expect([kept.code, kept.lines]).toMatchObject([0, [{ ok: true, bound: 'itself' }]]);
    });
  },
);
