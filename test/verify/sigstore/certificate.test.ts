import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  readLeaf,
  readSigningCertificate,
  type SigningCertificate,
} from '../../../src/verify/sigstore/certificate.ts';
import { normalRepository, workflowIn } from '../../../src/verify/sigstore/source.ts';
import { certificateFacts, FULCIO_ARC, legacyFacts, runOf } from '../../harness/sigstore-signer.ts';
import { said } from './faults.ts';

const THEN = Date.UTC(2023, 1, 9);
const CUTOFF = Date.UTC(2024, 0, 1);
const NOW = Date.UTC(2026, 1, 14);

interface Facts {
  readonly subject: string;
  readonly extensions: Readonly<Record<number, string | Uint8Array>>;
}

const github = certificateFacts(runOf({}));
const old = legacyFacts(github);

/** Extensions as Fulcio writes them: text as it is up to .6, DER from .8 on; bytes are taken as they are. */
function extensionsOf({ subject, extensions }: Facts): { oid: string; value: Uint8Array }[] {
  return [
    { oid: '2.5.29.17', value: der(0x30, der(subject.includes('://') ? 0x86 : 0x81, Buffer.from(subject))) },
    ...Object.entries(extensions).map(([number, value]) => ({
      oid: `${FULCIO_ARC}.${number}`,
      value: typeof value !== 'string' ? value : Number(number) < 8 ? Buffer.from(value) : utf8(value),
    })),
  ];
}

function utf8(text: string): Buffer {
  return der(0x0c, Buffer.from(text));
}

function der(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  const octets = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.of(tag, ...octets), content]);
}

const read = (facts: Facts, notBefore = NOW): SigningCertificate =>
  readSigningCertificate(extensionsOf(facts), notBefore);

const outcome = (facts: Facts, notBefore = NOW): string => said(() => read(facts, notBefore));

const with_ = (extensions: Facts['extensions'], base: Facts = github): Facts => ({
  ...base,
  extensions: { ...base.extensions, ...extensions },
});

const without = (...numbers: number[]): Facts => ({
  ...github,
  extensions: Object.fromEntries(
    Object.entries(github.extensions).filter(([number]) => !numbers.includes(Number(number))),
  ),
});

test('a certificate that issues others, or is for another use, signs nothing', () => {
  const root = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../../trust/trusted_root.json'), 'utf8'),
  );
  const issuers = root.certificateAuthorities.flatMap(certificatesOf);
  const [timestamps] = certificatesOf(root.timestampAuthorities[0]);
  // The intermediate is for signing code, as what it issues is; the other issues nothing.
  expect(
    issuers.some((der: Buffer) => new X509Certificate(der).keyUsage?.includes('1.3.6.1.5.5.7.3.3')),
  ).toBe(true);
  expect(new X509Certificate(timestamps ?? '').ca).toBe(false);
  for (const der of [...issuers, timestamps, Buffer.alloc(0)])
    expect(said(() => readLeaf(der))).toBe('failed certificate');
});

function certificatesOf(authority: { certChain: { certificates: { rawBytes: string }[] } }): Buffer[] {
  return authority.certChain.certificates.map(({ rawBytes }) => Buffer.from(rawBytes, 'base64'));
}

describe('what a certificate says', () => {
  test('of a run of GitHub', () => {
    expect(read(github)).toEqual({
      issuer: 'https://token.actions.githubusercontent.com',
      subject: 'https://github.com/acme/widget/.github/workflows/release.yml@refs/tags/v1.2.3',
      repository: 'github.com/acme/widget',
      repositoryId: '4100',
      ownerId: '41',
      workflow: '.github/workflows/release.yml',
      ref: 'refs/tags/v1.2.3',
      commit: '0123456789abcdef0123456789abcdef01234567',
      trigger: 'push',
      runner: 'github-hosted',
      environment: 'release',
      builder: 'https://github.com/acme/widget/.github/workflows/release.yml@refs/tags/v1.2.3',
      run: 'https://github.com/acme/widget/actions/runs/7000/attempts/1',
    });
  });

  test('of a reusable workflow: who called, and who signed', () => {
    const builder = 'https://github.com/builders/slsa/.github/workflows/npm.yml@refs/tags/v2';
    expect(read(certificateFacts(runOf({ builder })))).toMatchObject({
      subject: builder,
      builder,
      repository: 'github.com/acme/widget',
      workflow: '.github/workflows/release.yml',
    });
  });

  test('of GitLab, CircleCI and Google', () => {
    expect(
      read(certificateFacts(runOf({ provider: 'GitLab', repository: 'group/sub/widget' }))),
    ).toMatchObject({
      issuer: 'https://gitlab.com',
      repository: 'gitlab.com/group/sub/widget',
      workflow: '.gitlab-ci.yml',
    });
    expect(read(certificateFacts(runOf({ provider: 'CircleCI' })))).toMatchObject({
      issuer: 'https://oidc.circleci.com',
      repository: 'github.com/acme/widget',
      workflow: null,
    });
    expect(read(certificateFacts(runOf({ provider: 'Google' })))).toMatchObject({
      issuer: 'https://accounts.google.com',
      subject: 'publisher@acme.iam.example',
      repository: null,
      workflow: null,
    });
  });

  test('where it is silent, or says nothing, is null', () => {
    const { environment, trigger, repositoryId } = read(with_({ 23: '' }, without(2, 15, 20)));
    expect([environment, trigger, repositoryId]).toEqual([null, null, null]);
  });
});

describe('the extensions of 2022 and 2023', () => {
  test('say the same alone, before there were others', () => {
    expect(read(old, THEN)).toMatchObject({
      issuer: 'https://token.actions.githubusercontent.com',
      repository: 'github.com/acme/widget',
      workflow: '.github/workflows/release.yml',
      ref: 'refs/tags/v1.2.3',
      trigger: 'push',
      repositoryId: null,
      runner: null,
      builder: null,
    });
  });

  test('and a reusable workflow that signed tells nothing of the one that called it', () => {
    const builder = 'https://github.com/builders/slsa/.github/workflows/npm.yml@refs/tags/v2';
    const { workflow, repository } = read(legacyFacts(certificateFacts(runOf({ builder }))), THEN);
    expect([workflow, repository]).toEqual([null, 'github.com/acme/widget']);
  });

  test('do not count alone once there are others', () => {
    expect(outcome(old, CUTOFF - 1)).toBe('verified');
    expect(outcome(old, CUTOFF)).toBe('failed certificate');
    for (const number of [8, 12, 13, 14, 20]) {
      expect(outcome(without(number), CUTOFF)).toBe('failed certificate');
      expect(outcome(without(number), THEN)).toBe('verified');
    }
  });

  test('are not needed', () => {
    expect(outcome(without(1, 2, 3, 4, 5, 6))).toBe('verified');
  });

  test.each([1, 2, 3, 5, 6])('.%i must agree with what stands for it today', (number) => {
    expect(outcome(with_({ [number]: 'other/thing' }))).toBe('failed certificate');
    expect(outcome(with_({ [number]: `${github.extensions[number]}x` }), THEN)).toBe('failed certificate');
  });
});

describe('text', () => {
  const issuer = String(github.extensions[8]);
  test.each([
    ['not DER', Buffer.from(issuer)],
    ['an IA5String', der(0x16, Buffer.from(issuer))],
    ['an OCTET STRING around it', der(0x04, utf8(issuer))],
    ['octets after it', Buffer.concat([utf8(issuer), Buffer.of(0x0c, 0)])],
    [
      'a length that is not the shortest',
      Buffer.concat([Buffer.of(0x0c, 0x81, issuer.length), Buffer.from(issuer)]),
    ],
    ['an indefinite length', Buffer.concat([Buffer.of(0x0c, 0x80), Buffer.from(issuer), Buffer.of(0, 0)])],
    ['cut short', utf8(issuer).subarray(0, 20)],
    ['nothing', Buffer.alloc(0)],
    ['no UTF-8', der(0x0c, Buffer.of(0xc3, 0x28))],
  ])('of the newer extensions is one DER UTF8String, not %s', (_what, value) => {
    expect(outcome(with_({ 8: value }))).toBe('failed certificate');
    expect(outcome(with_({ 23: value }))).toBe('failed certificate');
  });

  test('of the older ones is text as it is', () => {
    expect(outcome(with_({ 5: utf8('acme/widget') }))).not.toBe('verified');
    expect(outcome(with_({ 5: Buffer.of(0xff) }, old), THEN)).toBe('failed certificate');
  });

  test('stands once', () => {
    const twice = [
      ...extensionsOf(github),
      { oid: `${FULCIO_ARC}.12`, value: utf8('https://github.com/acme/widget') },
    ];
    expect(said(() => readSigningCertificate(twice, NOW))).toBe('failed certificate');
  });
});

describe('the subject', () => {
  const withSubject = (value: Uint8Array | null) => {
    const rest = extensionsOf(github).slice(1);
    return said(() => readSigningCertificate(value ? [{ oid: '2.5.29.17', value }, ...rest] : rest, NOW));
  };
  const uri = der(0x86, Buffer.from(github.subject));

  test.each([
    ['two of them', der(0x30, Buffer.concat([uri, uri])), 'unchecked issuer'],
    ['none', der(0x30, Buffer.alloc(0)), 'unchecked issuer'],
    ['no such extension', null, 'unchecked issuer'],
    ['a host name', der(0x30, der(0x82, Buffer.from('github.com'))), 'unchecked issuer'],
    ['a name of a kind of its own', der(0x30, der(0xa0, uri)), 'unchecked issuer'],
    ['not in a sequence', uri, 'failed certificate'],
    ['with a NUL', der(0x30, der(0x86, Buffer.from(`${github.subject}\0.evil`))), 'failed certificate'],
    ['with a space', der(0x30, der(0x86, Buffer.from('https://github.com/a b'))), 'failed certificate'],
    ['empty', der(0x30, der(0x86, Buffer.alloc(0))), 'failed certificate'],
  ])('%s', (_what, value, words) => {
    expect(withSubject(value)).toBe(words);
  });

  test('and no issuer at all', () => {
    expect(outcome(without(1, 8))).toBe('unchecked issuer');
  });
});

describe('a repository', () => {
  test.each([
    ['https://github.com/Acme/Widget.js', 'github.com/Acme/Widget.js'],
    ['https://GitLab.example:8443/group/sub/widget', 'gitlab.example:8443/group/sub/widget'],
    ['github.com/acme/widget', 'github.com/acme/widget'],
  ])('%s', (address, normal) => {
    expect(normalRepository(address)).toBe(normal);
  });

  test.each([
    'https://github.com/acme',
    'https://github.com/acme/',
    'https://github.com/acme/widget/',
    'https://github.com//widget',
    'https://github.com/acme/../evil',
    'https://github.com/acme/..',
    'https://github.com/acme/./widget',
    'https://user@github.com/acme/widget',
    'https://github.com/acme/widget?x',
    'https://github.com/acme/widget#x',
    'https://github.com/acme/wid%67et',
    'http://github.com/acme/widget',
    'git+https://github.com/acme/widget',
    'acme/widget\n',
    '',
  ])('not %j', (address) => {
    expect(said(() => normalRepository(address))).toBe('unchecked issuer');
  });
});

describe('a workflow', () => {
  const source = { repository: 'github.com/acme/widget', ref: 'refs/heads/main', commit: '0123abc' };

  test.each([
    ['https://github.com/acme/widget/.github/workflows/a.yml@refs/heads/main', '.github/workflows/a.yml'],
    ['https://github.com/acme/widget/.github/workflows/a.yml@0123abc', '.github/workflows/a.yml'],
    ['https://github.com/acme/widget//ci/a.yml@refs/heads/main', 'ci/a.yml'],
    ['https://github.com/acme/widget/a.yml@refs/heads/other', null],
    ['https://github.com/acme/widget/a.yml', null],
    ['https://github.com/acme/widget/@refs/heads/main', null],
    ['https://github.com/acme/widget/a.yml@x@refs/heads/main', null],
    ['https://github.com/acme/widget-evil/a.yml@refs/heads/main', null],
    ['https://github.com/evil/widget/a.yml@refs/heads/main', null],
    ['https://github.com/ACME/widget/a.yml@refs/heads/main', null],
    ['http://github.com/acme/widget/a.yml@refs/heads/main', null],
    [null, null],
  ])('%s is %s', (uri, path) => {
    expect(workflowIn(uri, source)).toBe(path);
  });

  test('is none without a repository or a revision', () => {
    const uri = 'https://github.com/acme/widget/a.yml@refs/heads/main';
    expect(workflowIn(uri, { ...source, repository: null })).toBe(null);
    expect(workflowIn(uri, { ...source, ref: null, commit: null })).toBe(null);
    expect(workflowIn('https://null/a.yml@null', { repository: null, ref: null, commit: null })).toBe(null);
  });
});
