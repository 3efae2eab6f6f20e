import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sriOf } from '../../src/model/digest.ts';
import { digestsOf, startEvidenceHouse, theWorld } from '../admission/evidence-house.ts';
import { tarballPath } from '../admission/harness.ts';
import { type FakeRegistry, startRegistry } from '../harness/registry.ts';
import { linesOf, sallyport } from '../harness/sallyport.ts';
import type { NpmAttestationsWanted, World } from '../harness/sigstore-world.ts';
import { makeNpmTarball, makeWheel } from '../verify/archives.ts';

// `sallyport check NAME@VERSION`: the evidence is looked at as a request would, and what is wrong with it is named.

const POLICY = `profile: default
requirements:
  npm: { age: 0, registry-signature: required, provenance: required }
  pypi: { age: 0, provenance: required }
allow:
  - npm: widget
  - { npm: pinned, requirements: { provenance: { repository: github.com/acme/widget, workflow: release.yml } } }
  - { npm: line, requirements: { registry-signature: no-downgrade, provenance: no-downgrade } }
  - { npm: lax, requirements: { registry-signature: if-present, provenance: if-present } }
  - pypi: wheel
  - { pypi: both, requirements: { sdist: allow } }
`;

let root: string;
let registry: FakeRegistry;
let world: World;
let env: Record<string, string>;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'check-'));
  registry = await startRegistry();
  world = await theWorld();
  await mkdir(join(root, 'allowlists'));
  await writeFile(join(root, 'allowlists', 'default.yaml'), POLICY);
  await writeFile(join(root, 'root.json'), world.trust.root);
  await writeFile(join(root, 'keys.json'), world.trust.npmKeys);
  env = {
    SALLYPORT_DATA: join(root, 'data'),
    SALLYPORT_ALLOWLISTS: join(root, 'allowlists'),
    SALLYPORT_NPM_UPSTREAM: registry.npmBase,
    SALLYPORT_PYPI_UPSTREAM: registry.pypiBase,
    SALLYPORT_PRIVATE_ADDRESSES: '127.0.0.0/8',
    SALLYPORT_TRUSTED_ROOT: join(root, 'root.json'),
    SALLYPORT_NPM_KEYS: join(root, 'keys.json'),
  };
});
afterAll(async () => {
  await registry?.close();
  await rm(root, { recursive: true, force: true });
});
beforeEach(() => registry.clearFaults());

interface Evidence {
  readonly signed?: boolean;
  readonly provenance?: Partial<NpmAttestationsWanted> | null;
  readonly claimed?: boolean;
}

async function add(
  name: string,
  version: string,
  { signed = true, provenance = {}, claimed }: Evidence = {},
) {
  const tarball = makeNpmTarball({ name, version });
  const { sha512 } = digestsOf(tarball);
  const signature = world.registrySignature({ name, version, integrity: sriOf(sha512) });
  registry.addNpm(name, {
    [version]: {
      tarball,
      ...(signed && { signatures: [signature] }),
      ...((claimed ?? provenance !== null) && { attestations: true }),
    },
  });
  const document = provenance && (await world.npmAttestations({ name, version, sha512, ...provenance }));
  registry.setEvidence(registry.attestationsPath(name, version), document);
}

async function check(...args: string[]) {
  const plain = await sallyport(env, 'check', ...args);
  const ran = await sallyport(env, 'check', ...args, '--json');
  expect(ran.code).toBe(plain.code);
  return { code: plain.code, words: plain.stdout, lines: linesOf(ran) };
}

test('what is admitted names who signed it', async () => {
  await add('pinned', '1.0.0');
  const { code, words, lines } = await check('pinned@1.0.0');
  expect([code, words]).toEqual([
    0,
    'allow  pinned@1.0.0 (default.yaml:7); verified: registry signature; provenance of github.com/acme/widget\n',
  ]);
  expect(lines).toMatchObject([
    {
      package: 'pinned',
      version: '1.0.0',
      verdict: 'allow',
      codes: [],
      place: 'default.yaml:7',
      files: [
        {
          filename: 'pinned-1.0.0.tgz',
          verdict: 'allow',
          codes: [],
          words: [],
          place: 'default.yaml:7',
          evidence: [
            { check: 'registry-signature', result: 'verified', signers: [], documents: [expect.any(String)] },
            {
              check: 'provenance',
              result: 'verified',
              signers: [{ workflow: '.github/workflows/release.yml' }],
            },
          ],
        },
      ],
    },
  ]);
});

describe('what is refused says which check failed, what was expected and what was found', () => {
  const cases: Readonly<Record<string, readonly [code: string, words: string, name: string, Evidence]>> = {
    'another repository': [
      'PROVENANCE_SIGNER',
      'its provenance says repository github.com/evil/widget, and github.com/acme/widget is asked for',
      'pinned',
      { provenance: { signer: { repository: 'evil/widget' } } },
    ],
    'another workflow': [
      'PROVENANCE_SIGNER',
      'its provenance says workflow .github/workflows/ci.yml, and .github/workflows/release.yml is asked for',
      'pinned',
      { provenance: { signer: { workflow: '.github/workflows/ci.yml' } } },
    ],
    'a pull request': [
      'PROVENANCE_SIGNER',
      'its provenance says trigger pull_request_target',
      'pinned',
      { provenance: { signer: { trigger: 'pull_request_target' } } },
    ],
    'no provenance': [
      'PROVENANCE_MISSING',
      'it has no provenance, and the policy asks for it [PROVENANCE_MISSING]',
      'widget',
      { provenance: null },
    ],
    'no signature': [
      'SIGNATURE_MISSING',
      'it has no registry signature, and the policy asks for one [SIGNATURE_MISSING]',
      'widget',
      { signed: false },
    ],
    'provenance of other bytes': [
      'PROVENANCE_MISMATCH',
      'its provenance is about other bytes',
      'lax',
      { provenance: { sha512: digestsOf(Buffer.from('other')).sha512 } },
    ],
    'provenance that is claimed and not there': [
      'PROVENANCE_UNCHECKED',
      'its provenance is announced by the index and is not there',
      'lax',
      { provenance: null, claimed: true },
    ],
    'provenance by an unknown key': [
      'PROVENANCE_UNCHECKED',
      'its provenance is signed by a key that is not pinned',
      'lax',
      { provenance: { key: 'unknown' } },
    ],
  };
  test.each(Object.entries(cases))('%s', async (_what, [reason, said, name, evidence]) => {
    await add(name, '1.0.0', evidence);
    const { code, words, lines } = await check(`${name}@1.0.0`);
    expect(code).toBe(1);
    expect(words).toContain(said);
    expect(words).toContain(`[${reason}]`);
    expect(lines).toMatchObject([{ verdict: 'refuse', codes: [reason], files: [{ verdict: 'refuse' }] }]);
  });

  test.each([
    ['500', { kind: 'status', status: 500 } as const, 'could not be fetched'],
    ['HTML', { kind: 'status', status: 200, html: '<p>' } as const, 'could not be fetched'],
    ['nothing', { kind: 'reset' } as const, 'could not be fetched'],
    ['10 MB', { kind: 'huge', bytes: 10_000_000 } as const, 'is larger than any such document'],
  ])('an endpoint that answers %s', async (_what, fault, words) => {
    await add('lax', '1.0.0');
    registry.withFault(registry.attestationsPath('lax', '1.0.0'), fault);
    const checked = await check('lax@1.0.0');
    expect([checked.code, checked.words]).toEqual([1, expect.stringContaining(`its provenance ${words}`)]);
  });

  test('a version that lost what the one before it claims', async () => {
    await add('line', '1.0.0');
    await add('line', '1.0.1', { signed: false, provenance: null });
    expect((await check('line@1.0.0')).code).toBe(0);
    const { code, lines } = await check('line@1.0.1');
    expect([code, lines[0].codes]).toEqual([1, ['EVIDENCE_DOWNGRADE']]);
  });
});

test('evidence that was imported stands in for what a mirror has stripped', async () => {
  await add('lax', '2.0.0', { signed: false, provenance: null });
  await add('widget', '2.0.0', { provenance: null });
  expect((await check('widget@2.0.0')).lines[0].codes).toEqual(['PROVENANCE_MISSING']);
  const { sha512 } = digestsOf(registry.tarball('widget', '2.0.0'));
  const file = join(root, 'widget.json');
  await writeFile(file, await world.npmAttestations({ name: 'widget', version: '2.0.0', sha512 }));
  expect((await sallyport(env, 'attest', 'import', file)).code).toBe(0);
  const { code, words } = await check('widget@2.0.0');
  expect([code, words]).toEqual([0, expect.stringContaining('provenance of github.com/acme/widget')]);
});

describe('files of PyPI', () => {
  const addFile = async (name: string, filename: string, attested: boolean) => {
    const bytes = filename.endsWith('.whl') ? makeWheel({ name, version: '1.0' }) : undefined;
    registry.addPypi(name, [{ filename, ...(bytes && { bytes }), provenance: attested ? true : undefined }]);
    const { sha256 } = digestsOf(registry.file(filename));
    if (!attested) return;
    const path = registry.provenancePath(name, filename);
    registry.setEvidence(
      path,
      await world.pypiProvenance({ filename, sha256, predicates: ['publish', 'slsa'] }),
    );
  };

  test('a wheel', async () => {
    await addFile('wheel', 'wheel-1.0-py3-none-any.whl', true);
    const { code, words } = await check('--ecosystem', 'pypi', 'wheel==1.0');
    expect([code, words]).toEqual([
      0,
      expect.stringContaining('verified: provenance of github.com/acme/widget'),
    ]);
  });

  test('a version of which one file is refused says which', async () => {
    await addFile('both', 'both-1.0-py3-none-any.whl', true);
    await addFile('both', 'both-1.0.tar.gz', false);
    const { code, words, lines } = await check('--ecosystem', 'pypi', 'both==1.0');
    expect(code).toBe(0);
    expect(words).toMatch(
      /^allow {2}both@1\.0 .*\n {2}but not both-1\.0\.tar\.gz: it has no provenance.*\n$/,
    );
    expect(lines[0].files.map((file: { verdict: string }) => file.verdict).sort()).toEqual([
      'allow',
      'refuse',
    ]);
  });
});

test.each([
  ['another ecosystem', ['x', '--ecosystem', 'cargo']],
  ['another profile', ['widget', '--profile', 'nobody']],
  ['a name that is none', ['../x']],
  ['a version that is none', ['widget@latest']],
])('%s is a fault of usage', async (_what, args) => {
  const ran = await sallyport(env, 'check', ...args);
  expect(ran).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/^sallyport: [\x20-\x7e]+\n$/),
  });
});

test('an upstream that fails: 3, and nothing is said of the package', async () => {
  await add('widget', '1.0.0');
  registry.withFault('/npm-up/widget', { kind: 'status', status: 500 });
  const ran = await sallyport(env, 'check', 'widget@1.0.0', '--json');
  expect(ran).toMatchObject({ code: 3, stdout: '' });
  expect(ran.stderr).toMatch(/^(sallyport: .*\n)+$/);
});

test('a question writes nothing into the data folder, beside a running house and after it', async () => {
  const house = await startEvidenceHouse({ policy: 'profile: default\nallow:\n  - npm: widget\n' });
  try {
    await house.add('widget', '1.0.0');
    await house.add('widget', '1.1.0');
    await house.ask(tarballPath('widget', '1.0.0'));
    const own = {
      ...env,
      SALLYPORT_DATA: join(house.root, 'data'),
      SALLYPORT_ALLOWLISTS: join(house.root, 'allowlists'),
      SALLYPORT_NPM_UPSTREAM: house.registry.npmBase,
    };
    const ask = () => sallyport(own, 'check', 'widget@1.0.0', 'widget@1.1.0', 'widget', 'gone@1.0.0');
    await house.house.close();
    const before = await tree(own.SALLYPORT_DATA);
    expect((await ask()).stdout.match(/^allow/gm)).toHaveLength(3);
    expect(await tree(own.SALLYPORT_DATA)).toEqual(before);
    await rm(own.SALLYPORT_DATA, { recursive: true });
    expect((await ask()).stderr).toContain('without what the ledger remembers');
    expect(await readdir(house.root)).not.toContain('data');
    await mkdir(own.SALLYPORT_DATA);
    await house.restart();
  } finally {
    await house.remove();
  }
});

/** Every file with the digest of its content. */
async function tree(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    // SQLite's own notes on who reads: no data.
    if (!entry.isFile() || /-(shm|wal)$/.test(path)) continue;
    found[path] = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  }
  return found;
}
