import { describe, expect, test } from 'vitest';
import { NoEvidence, readEvidenceFile } from '../../src/cli/evidence-file.ts';
import { sriOf } from '../../src/model/digest.ts';
import { digestsOf, theWorld } from '../admission/evidence-house.ts';

// What a file says that it is about; none of it is verified here.

const { sha256, sha512 } = digestsOf(Buffer.from('the artifact'));
const integrity = sriOf(sha512);
const signature = { keyid: 'SHA256:key', sig: 'c2ln' };
const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const statement = (subject: unknown) =>
  Buffer.from(JSON.stringify({ subject: [subject] })).toString('base64');
const npmAnswer = (subject: unknown) =>
  json({ attestations: [{ bundle: { dsseEnvelope: { payload: statement(subject) } } }] });
const pypiObject = (name: string) =>
  json({
    attestation_bundles: [
      {
        attestations: [{ envelope: { statement: statement({ name, digest: { sha256: sha256.slice(7) } }) } }],
      },
    ],
  });

function causeOf(bytes: Uint8Array): string {
  try {
    readEvidenceFile(bytes);
  } catch (error) {
    if (error instanceof NoEvidence) return error.why;
    throw error;
  }
  return 'none';
}

test('attestations of npm are about the version that their statement names, in the bytes as they are', async () => {
  const bytes = await (await theWorld()).npmAttestations({
    name: '@acme/widget',
    version: '1.2.3-rc.1',
    sha512,
  });
  expect(readEvidenceFile(bytes)).toEqual([
    {
      kind: 'npm-attestations',
      bytes,
      artifact: {
        ecosystem: 'npm',
        name: '@acme/widget',
        version: '1.2.3-rc.1',
        filename: 'widget-1.2.3-rc.1.tgz',
        sha512,
      },
    },
  ]);
});

test.each([
  ['acme_widget-1.0-py3-none-any.whl', 'acme-widget', '1.0'],
  ['acme_widget-1.0-1-cp313-cp313-manylinux_2_17_x86_64.whl', 'acme-widget', '1.0'],
  ['acme_widget-1.0.tar.gz', 'acme-widget', '1.0'],
  ['acme-widget-1.0rc1.tar.gz', 'acme-widget', '1.0rc1'],
  ['acme-widget-1.0.zip', 'acme-widget', '1.0'],
])('provenance of %s is about %s %s', (filename, name, version) => {
  expect(readEvidenceFile(pypiObject(filename))).toMatchObject([
    { kind: 'pypi-provenance', artifact: { ecosystem: 'pypi', name, version, filename, sha256 } },
  ]);
});

test('signatures of one version are one document, wherever they stand', () => {
  const other = { keyid: 'SHA256:other', sig: 'c2ln' };
  const [file, ...more] = readEvidenceFile(
    json([
      { name: 'widget', version: '1.0.0', integrity, ...signature },
      { name: 'widget', version: '1.0.0', integrity, ...other },
    ]),
  );
  expect(more).toEqual([]);
  expect(JSON.parse(Buffer.from(file?.bytes ?? []).toString())).toEqual({ signatures: [signature, other] });
});

test('of manifests only those with a digest that counts and a signature are evidence', () => {
  const dist = { integrity, signatures: [signature] };
  const files = readEvidenceFile(
    json({
      versions: {
        '1.0.0': { name: 'widget', version: '1.0.0', dist },
        '1.0.1': { name: 'widget', version: '1.0.1', dist: { ...dist, signatures: [] } },
        '1.0.2': { name: 'widget', version: '1.0.2', dist: { ...dist, integrity: 'sha1-AAAA' } },
        '1.0.3': { name: '../widget', version: '1.0.3', dist },
        '1.0.4': { name: 'widget', version: 'v1.0.4', dist },
        '1.0.5': {
          name: 'widget',
          version: '1.0.5',
          dist: { ...dist, signatures: [{ keyid: 7, sig: 'x' }] },
        },
      },
    }),
  );
  expect(files.map(({ artifact }) => artifact.version)).toEqual(['1.0.0']);
});

describe('what is no evidence says why', () => {
  const digest = { sha512: sha512.slice(7) };
  test.each([
    ['nothing', Buffer.alloc(0), 'malformed'],
    ['another thing', json({ a: 1 }), 'malformed'],
    ['a number', json(7), 'malformed'],
    ['no UTF-8', Buffer.from([0xff, 0xfe]), 'malformed'],
    ['depth', Buffer.from('['.repeat(65) + ']'.repeat(65)), 'malformed'],
    ['a member twice', Buffer.from('{"attestations":[],"attestations":[]}'), 'duplicate-keys'],
    ['no attestation', json({ attestations: [] }), 'malformed'],
    ['no statement', json({ attestations: [{ bundle: {} }] }), 'malformed'],
    ['a statement about nothing', npmAnswer(undefined), 'subject-count'],
    ['a subject without a name', npmAnswer({ digest }), 'subject-count'],
    ['a name without end', npmAnswer({ name: `pkg:npm/${'a'.repeat(600)}@1.0.0`, digest }), 'subject-count'],
    ['another ecosystem', npmAnswer({ name: 'pkg:cargo/widget@1.0.0', digest }), 'subject-name'],
    ['a name that is none', npmAnswer({ name: 'pkg:npm/../widget@1.0.0', digest }), 'subject-name'],
    ['a version that is none', npmAnswer({ name: 'pkg:npm/widget@latest', digest }), 'subject-name'],
    [
      'a digest that is none',
      npmAnswer({ name: 'pkg:npm/widget@1.0.0', digest: { sha512: '00' } }),
      'subject-name',
    ],
    ['a file that is none', pypiObject('widget.exe'), 'subject-name'],
    ['a path', pypiObject('../widget-1.0.tar.gz'), 'subject-name'],
    ['a name with a line break', pypiObject('widget\n-1.0.tar.gz'), 'subject-name'],
  ])('%s', (_what, bytes, cause) => {
    expect(causeOf(bytes)).toBe(cause);
  });
});
