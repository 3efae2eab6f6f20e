import { describe, expect, test } from 'vitest';
import {
  admittedFilesOf,
  admittedOf,
  decideListing,
  historyOf,
  type ListingBasis,
} from '../../src/admission/decide-listing.ts';
import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';
import { npm } from '../../src/ecosystems/npm/npm.ts';
import { pypi } from '../../src/ecosystems/pypi/pypi.ts';
import { NO_ADVISORIES } from '../../src/feeds/none.ts';
import type { PackageName } from '../../src/model/artifact.ts';
import type { Digest } from '../../src/model/digest.ts';
import { NO_BASELINE, NO_LISTED_EVIDENCE, type RegistrySignature } from '../../src/model/evidence.ts';
import { type FileFacts, NO_FACTS, type PackageFacts } from '../../src/model/facts.ts';
import type { ListedFile, Listing } from '../../src/model/listing.ts';
import { NONE_TAKEN } from '../../src/model/taken-places.ts';
import { parsePolicy } from '../../src/policy/load.ts';

const NAME = 'widget' as PackageName;
const SHA512: Digest = `sha512:${'a'.repeat(128)}`;
const SIGNATURE: RegistrySignature = { keyid: 'SHA256:x', sig: 'eA==' };
const PROVENANCE = { 'registry-signature': false, provenance: true };
const NOW = Date.parse('2026-06-01T00:00:00Z');

function fileOf(version: string, change: Partial<ListedFile> = {}): ListedFile {
  return {
    filename: `widget-${version}.tgz`,
    version,
    kind: 'npm-tarball',
    url: 'https://files.example/x',
    digests: [SHA512],
    size: null,
    claimedAt: 0,
    yanked: false,
    metadataDigest: null,
    installScripts: false,
    directUrls: false,
    evidence: NO_LISTED_EVIDENCE,
    licence: null,
    ...change,
  };
}

function listingOf(...files: readonly ListedFile[]): Listing {
  return {
    ecosystem: 'npm',
    name: NAME,
    digest: `sha256:${'1'.repeat(64)}`,
    quarantined: false,
    files: new Map(files.map((file) => [file.filename, file])),
    document: null,
  };
}

function factsOf(files: Readonly<Record<string, Partial<FileFacts>>>): PackageFacts {
  return new Map(Object.entries(files).map(([filename, facts]) => [filename, { ...NO_FACTS, ...facts }]));
}

function decided(listing: Listing, requirements: string, change: Partial<ListingBasis> = {}) {
  const text = `profile: default\nrequirements:\n  npm: ${requirements}\nallow:\n  - npm: widget\n`;
  const policy = parsePolicy(
    [{ path: 'p.yaml', text }],
    ECOSYSTEMS.map((e) => e.versions),
  );
  const facts = change.facts ?? factsOf({});
  return decideListing(policy, 'default', listing, {
    facts,
    history: historyOf(npm, listing, facts),
    admitted: admittedOf(npm, listing, facts),
    past: admittedFilesOf(npm, listing, facts),
    advisories: NO_ADVISORIES,
    scheme: npm.versions,
    held: { 'registry-signature': [], provenance: [] },
    now: NOW,
    withheld: null,
    taken: NONE_TAKEN,
    signatures: () => [],
    ...change,
  });
}

describe('signatures', () => {
  test('are asked for when they are written, and never for a refused file', () => {
    const asked: string[] = [];
    const { files } = decided(
      listingOf(fileOf('1.0.0'), fileOf('2.0.0', { installScripts: true })),
      '{ provenance: "off" }',
      {
        signatures({ version }) {
          asked.push(version);
          return [SIGNATURE];
        },
      },
    );
    expect(asked).toEqual([]);
    expect(files.get('widget-1.0.0.tgz')?.signatures).toEqual([SIGNATURE]);
    expect(files.get('widget-2.0.0.tgz')).toEqual({
      allowed: false,
      code: 'INSTALL_SCRIPTS',
      metadata: null,
      signatures: [],
      attested: false,
    });
    expect(asked).toEqual(['1.0.0']);
  });
});

describe('a refused file', () => {
  test('is announced with no attestations, though they are here', () => {
    const carried = { ...PROVENANCE, signer: null };
    const about = {
      facts: factsOf({ 'widget-1.0.0.tgz': { carried, metadata: 'b' }, 'widget-2.0.0.tgz': { carried } }),
      held: { 'registry-signature': [], provenance: [SHA512] },
    };
    const listing = listingOf(fileOf('1.0.0'), fileOf('2.0.0', { installScripts: true }));
    const { files } = decided(listing, '{ provenance: if-present }', about);
    expect([...files.values()].map(({ attested }) => attested)).toEqual([true, false]);
    const withheld = decided(listing, '{ provenance: if-present }', { ...about, withheld: 'INDEX_TOO_OLD' });
    expect([...withheld.files.values()].map(({ attested, metadata }) => [attested, metadata])).toEqual([
      [false, null],
      [false, null],
    ]);
  });

  test('is looked at again when an outcome that refuses stops to count', () => {
    const outcome = {
      sha256: `sha256:${'2'.repeat(64)}`,
      sha512: SHA512,
      at: NOW - 1000,
      trust: `sha256:${'3'.repeat(64)}`,
      verdicts: [
        {
          check: 'provenance',
          result: 'failed',
          code: 'PROVENANCE_INVALID',
          cause: 'signature',
          signers: [],
          documents: [],
        },
      ],
    } as const;
    const first = { sha256: outcome.sha256, sha512: SHA512 };
    const view = decided(listingOf(fileOf('1.0.0')), '{ provenance: if-present }', {
      facts: factsOf({ 'widget-1.0.0.tgz': { evidence: outcome, first } }),
    });
    expect(view.files.get('widget-1.0.0.tgz')).toMatchObject({ allowed: false, code: 'PROVENANCE_INVALID' });
    expect(view.until).toBeGreaterThan(NOW);
  });
});

describe('a history', () => {
  const baselineOf = (listing: Listing, facts: PackageFacts, version: string) =>
    historyOf(npm, listing, facts).baseline({ ...fileOf(version), firstSeen: null });

  test('has the claims of an index that was never sighted', () => {
    const attested = { ...NO_LISTED_EVIDENCE, attestations: 'x' };
    const listing = listingOf(fileOf('1.0.0', { evidence: attested }), fileOf('1.1.0'));
    expect(baselineOf(listing, factsOf({}), '1.1.0').provenance).toBe(true);
    expect(decided(listing, '{ provenance: no-downgrade }').admitted).toEqual(new Set(['1.0.0']));
  });

  test('has what an index dropped: the file, or its claim', () => {
    const claimed = factsOf({ 'widget-1.0.0.tgz': { firstSeen: 1, claimed: PROVENANCE } });
    expect(baselineOf(listingOf(fileOf('1.1.0')), claimed, '1.1.0').provenance).toBe(true);
    expect(baselineOf(listingOf(fileOf('1.0.0'), fileOf('1.1.0')), claimed, '1.1.0').provenance).toBe(true);
  });

  test('has nothing of a file that can be no version of the package', () => {
    const facts = factsOf({ 'else.exe': { firstSeen: 1, claimed: PROVENANCE } });
    expect(baselineOf(listingOf(fileOf('1.1.0')), facts, '1.1.0')).toEqual(NO_BASELINE);
  });

  test('reads names of files that are gone as their ecosystem does', () => {
    const facts = factsOf({ 'Widget-1.0.tar.gz': { firstSeen: 1, claimed: PROVENANCE } });
    const listing = { ...listingOf(), ecosystem: 'pypi' };
    const subject = {
      filename: 'widget-1.1.tar.gz',
      version: '1.1',
      kind: 'sdist',
      firstSeen: null,
    } as const;
    expect(historyOf(pypi, listing, facts).baseline(subject).provenance).toBe(true);
  });
});
