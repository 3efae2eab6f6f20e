import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sriOf } from '../../src/model/digest.ts';
import { defaultNpmBase } from '../../src/upstream/defaults.ts';
import { digestsOf } from '../admission/evidence-house.ts';
import { fixture, fixturePath, reasonForNoFixtures } from '../harness/fixtures.ts';
import { mintWorld } from '../harness/sigstore-world.ts';
import { attestPlace, type Place } from './attest-place.ts';

// `sallyport attest import`: what proves itself is kept, and nothing else is, whatever it looks like.

const BYTES = digestsOf(Buffer.from('the artifact'));
const WIDGET = { name: 'widget', version: '1.0.0', sha512: BYTES.sha512 };
const WHEEL = { filename: 'widget-1.0.0-py3-none-any.whl', sha256: BYTES.sha256 };

let place: Place;
beforeEach(async () => {
  place = await attestPlace();
});
afterEach(() => place.remove());

const imported = async (bytes: Uint8Array | string, name = 'evidence.json') =>
  place.json('attest', 'import', await place.put(name, bytes));
const json = (value: unknown) => Buffer.from(JSON.stringify(value));

describe('what proves itself is kept', () => {
  test('attestations of npm, a provenance object of PyPI, and nothing twice', async () => {
    const pair = await place.put('pair.json', await place.world.npmAttestations(WIDGET));
    const wheel = await place.put('wheel.provenance', await place.world.pypiProvenance(WHEEL));
    const first = await place.run('attest', 'import', pair, wheel);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout.replaceAll(/sha256:[0-9a-f]{64}/g, 'DIGEST')).toBe(
      'imported widget@1.0.0 npm-attestations DIGEST\nimported widget@1.0.0 pypi-provenance DIGEST\n',
    );
    const kept = await place.kept();
    // Two documents, and what each is about.
    expect(kept).toHaveLength(4);
    expect(await place.run('attest', 'import', pair, wheel)).toEqual(first);
    expect(await place.kept()).toEqual(kept);
  });

  test('registry signatures of a packument, of manifests and of a list, a document for each version', async () => {
    const sign = (version: string) =>
      place.world.registrySignature({ name: 'widget', version, integrity: sriOf(BYTES.sha512) });
    const manifest = (version: string) => ({
      name: 'widget',
      version,
      dist: { integrity: sriOf(BYTES.sha512), signatures: [sign(version)] },
    });
    const versions = {
      '1.0.0': manifest('1.0.0'),
      '1.1.0': manifest('1.1.0'),
      '0.1.0': { name: 'widget', version: '0.1.0' },
    };
    const packument = await imported(json({ name: 'widget', versions }));
    expect([packument.code, packument.lines.map((line) => [line.imported, line.version, line.kind])]).toEqual(
      [
        0,
        [
          [true, '1.0.0', 'npm-signatures'],
          [true, '1.1.0', 'npm-signatures'],
        ],
      ],
    );
    expect((await imported(json(manifest('1.2.0')))).code).toBe(0);
    const plain = { name: 'widget', version: '1.3.0', integrity: sriOf(BYTES.sha512), ...sign('1.3.0') };
    expect((await imported(json([plain]))).lines).toMatchObject([{ imported: true, version: '1.3.0' }]);
  });

  test('a good signature by a key that has been retired since is kept for the index to judge, and that is said', async () => {
    const signature = place.world.registrySignature({
      name: 'widget',
      version: '1.0.0',
      integrity: sriOf(BYTES.sha512),
      key: 'retired',
    });
    const manifest = {
      name: 'widget',
      version: '1.0.0',
      integrity: sriOf(BYTES.sha512),
      signatures: [signature],
    };
    const { code, lines } = await imported(json(manifest));
    expect([code, lines]).toMatchObject([
      0,
      [
        {
          imported: true,
          verdict: { result: 'unchecked', cause: 'key-retired' },
          problem: expect.stringMatching('retired'),
        },
      ],
    ]);
  });

  test('a bad file does not keep out the good ones beside it', async () => {
    const bad = await place.put('bad.json', '{');
    const good = await place.put('good.json', await place.world.npmAttestations(WIDGET));
    const { code, lines } = await place.json('attest', 'import', bad, join(place.root, 'none'), good);
    expect(code).toBe(3);
    expect(lines).toMatchObject([
      { source: bad, imported: false, cause: 'malformed' },
      { imported: false, cause: null },
      { source: good, imported: true },
    ]);
  });
});

describe('bad input gives its cause, exit code 1, and keeps nothing', () => {
  const good = () => place.world.npmAttestations(WIDGET);
  const deep = '['.repeat(100) + ']'.repeat(100);
  const changed = (change: (document: never) => unknown) =>
    place.world.npmAttestations({ ...WIDGET, document: change as never });

  const cases: Readonly<Record<string, readonly [cause: string, bytes: () => Promise<Uint8Array | string>]>> =
    {
      empty: ['malformed', async () => ''],
      truncated: ['malformed', async () => (await good()).subarray(0, 1000)],
      'ten million bytes': [
        'too-large',
        async () => Buffer.concat([await good(), Buffer.alloc(10_000_000, ' ')]),
      ],
      'deeply nested': ['malformed', async () => `{"attestations":${deep}}`],
      'a member twice': [
        'duplicate-keys',
        async () =>
          Buffer.from(await good())
            .toString()
            .replace('{', '{"attestations":[],'),
      ],
      'wrong base64': [
        'malformed',
        () =>
          changed((document: { attestations: { bundle: { dsseEnvelope: { payload: string } } }[] }) => {
            for (const { bundle } of document.attestations) bundle.dsseEnvelope.payload = '%%%';
            return document;
          }),
      ],
      'a signature in wrong base64': [
        'malformed',
        () =>
          changed(
            (document: {
              attestations: { bundle: { dsseEnvelope: { signatures: { sig: string }[] } } }[];
            }) => {
              for (const { bundle } of document.attestations)
                bundle.dsseEnvelope.signatures = [{ sig: '%%%' }];
              return document;
            },
          ),
      ],
      'of another ecosystem': [
        'subject-name',
        () =>
          place.world.npmAttestations({
            ...WIDGET,
            statement: (one) => ({
              ...one,
              subject: one.subject.map((s) => ({ ...s, name: 'pkg:cargo/widget@1.0.0' })),
            }),
          }),
      ],
      'two subjects': [
        'subject-count',
        () =>
          place.world.npmAttestations({
            ...WIDGET,
            statement: (one) => ({ ...one, subject: [...one.subject, ...one.subject] }),
          }),
      ],
      'no subject': [
        'subject-count',
        () => place.world.npmAttestations({ ...WIDGET, statement: (one) => ({ ...one, subject: [] }) }),
      ],
      'no attestation': ['malformed', async () => json({ attestations: [] })],
      'one half of a pair': [
        'pair',
        () =>
          changed(({ attestations }: { attestations: unknown[] }) => ({
            attestations: attestations.slice(0, 1),
          })),
      ],
      HTML: ['malformed', async () => '<!doctype html>'],
      'JSON of something else': ['malformed', async () => json({ hello: 'world' })],
      'a wheel that is none': [
        'subject-name',
        () => place.world.pypiProvenance({ ...WHEEL, filename: 'widget.exe' }),
      ],
      'of another world': [
        'key-unknown',
        async () => {
          const registry = new URL(await defaultNpmBase()).origin;
          return (await mintWorld({ clock: place.world.time, registry })).npmAttestations(WIDGET);
        },
      ],
      'of another world, for PyPI': [
        'certificate',
        async () => (await mintWorld({ clock: place.world.time })).pypiProvenance(WHEEL),
      ],
    };

  test.each(Object.entries(cases))('%s', async (_what, [cause, bytes]) => {
    const path = await place.put('bad.json', await bytes());
    const { code, lines } = await place.json('attest', 'import', path);
    expect([code, lines.map((line) => [line.imported, line.cause ?? line.verdict?.cause])]).toEqual([
      1,
      [[false, cause]],
    ]);
    expect(lines[0].problem).toMatch(/\w/);
    expect(await place.kept()).toEqual([]);
    const { stdout, stderr } = await place.run('attest', 'import', path);
    expect(stdout + stderr).toMatch(/^(refused |sallyport: )[\x20-\x7e]+\n$/);
  });

  test('signatures over another digest', async () => {
    const signature = place.world.registrySignature({
      name: 'widget',
      version: '1.0.0',
      integrity: 'sha512-AAAA',
    });
    const manifest = {
      name: 'widget',
      version: '1.0.0',
      integrity: sriOf(BYTES.sha512),
      signatures: [signature],
    };
    expect(await imported(json(manifest))).toMatchObject({
      code: 1,
      lines: [{ imported: false, verdict: { cause: 'signature' } }],
    });
  });

  test('a folder, and a FIFO that nobody writes', async () => {
    execFileSync('mkfifo', [join(place.root, 'fifo')]);
    for (const path of [place.root, join(place.root, 'fifo')]) {
      const { code, stderr } = await place.run('attest', 'import', path);
      expect([code, stderr]).toEqual([1, expect.stringMatching('this is not a file')]);
    }
  });

  test('a path with a line break in it moves no cursor', async () => {
    const { stderr } = await place.run('attest', 'import', await place.put('a\u001b[2J.json', '{'));
    expect(stderr).toMatch(/^[\x20-\x7e]+\n$/);
  });
});

describe('what could not run', () => {
  test('a file that is not there: 3', async () => {
    const ran = await place.run('attest', 'import', join(place.root, 'none'));
    expect(ran).toMatchObject({ code: 3, stdout: '', stderr: expect.stringMatching('ENOENT') });
  });

  test('a vault that cannot be written: 3', async () => {
    await writeFile(join(place.env['SALLYPORT_DATA'] ?? '', 'vault'), 'no folder');
    const good = await place.put('good.json', await place.world.npmAttestations(WIDGET));
    expect(await place.run('attest', 'import', good)).toMatchObject({ code: 3, stdout: '' });
  });

  test('a trust root that cannot be used: 3', async () => {
    await place.put('root.json', '{}');
    const good = await place.put('good.json', await place.world.npmAttestations(WIDGET));
    expect(await place.run('attest', 'import', good)).toMatchObject({
      code: 3,
      stderr: expect.stringMatching('SALLYPORT_TRUSTED_ROOT'),
    });
    expect(await place.kept()).toEqual([]);
  });
});

describe.skipIf(reasonForNoFixtures !== null)(
  `real evidence${reasonForNoFixtures ? ` (skipped: ${reasonForNoFixtures})` : ''}`,
  () => {
    let real: Place;
    beforeEach(async () => {
      real = await attestPlace({ minted: false });
    });
    afterEach(() => real.remove());

    test.each([
      ['npm', 'sigstore-0.4.0.valid.json'],
      ['npm', 'sigstore-1.0.0.valid.json'],
      ['npm', 'playwright-cli-0.1.1.valid.json'],
      ['pypi', 'sampleproject-4.0.0.tar.gz.provenance'],
      ['pypi', 'pypi_attestations-0.0.19.tar.gz.provenance'],
    ])('%s/%s is kept; under the root of staging it is not', async (...path) => {
      expect(await real.json('attest', 'import', fixturePath(...path))).toMatchObject({
        code: 0,
        lines: [{ imported: true }],
      });
      const staging = await attestPlace({ minted: false });
      try {
        await staging.put('staging.json', fixture('trust', 'staging-trusted_root.json'));
        Object.assign(staging.env, { SALLYPORT_TRUSTED_ROOT: join(staging.root, 'staging.json') });
        expect((await staging.run('attest', 'import', fixturePath(...path))).code).toBe(1);
        expect(await staging.kept()).toEqual([]);
      } finally {
        await staging.remove();
      }
    });

    test.each([
      'invalid',
      'malformed-subject',
      'mismatched-keyid',
      'mismatched-subject-digest',
      'mismatched-subject-name',
      'no-keyid',
      'unsupported',
    ])('sigstore-0.4.0.%s.json is not', async (what) => {
      const { code, lines } = await real.json(
        'attest',
        'import',
        fixturePath('npm', `sigstore-0.4.0.${what}.json`),
      );
      expect([code, lines[0].imported]).toEqual([1, false]);
      expect(lines[0].cause ?? lines[0].verdict.cause).toMatch(/^[a-z-]+$/);
      expect(await real.kept()).toEqual([]);
    });
  },
);
