import { npm, pypi } from '../policy/schemes.ts';

// Records as databases of the OSV format publish them (OSV schema 1.7), with names of our own.

export const SCHEMES = [npm, pypi];

type Members = Readonly<Record<string, unknown>>;

/** A record of malicious packages: of every version, unless `affected` says otherwise. */
export function malRecord(id: string, name: string, ecosystem = 'npm', members: Members = {}): Members {
  return {
    schema_version: '1.7.4',
    id,
    modified: '2026-05-31T10:00:00Z',
    published: '2026-05-30T10:00:00Z',
    summary: `Malicious code in ${name} (${ecosystem})`,
    details:
      'Any computer that has this package installed or running should be considered fully compromised.',
    affected: [
      {
        package: { ecosystem, name, purl: `pkg:${ecosystem.toLowerCase()}/${name}` },
        ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }] }],
      },
    ],
    database_specific: {
      'malicious-packages-origins': [
        { source: 'example-scanner', sha256: 'a'.repeat(64), import_time: '2026-05-30T10:10:00Z' },
      ],
    },
    ...members,
  };
}

/** As GitHub's advisories are exported. */
export function ghsaRecord(id: string, name: string, members: Members = {}): Members {
  return {
    schema_version: '1.7.4',
    id,
    modified: '2026-05-29T08:00:00Z',
    published: '2024-02-01T08:00:00Z',
    aliases: ['CVE-2024-1111'],
    summary: 'Prototype pollution',
    severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:L/A:N' }],
    affected: [
      {
        package: { ecosystem: 'npm', name },
        ranges: [
          { type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '1.2.5' }] },
          { type: 'SEMVER', events: [{ introduced: '2.0.0' }, { fixed: '2.0.3' }] },
        ],
      },
    ],
    database_specific: { severity: 'HIGH', cwe_ids: ['CWE-1321'], github_reviewed: true },
    ...members,
  };
}

/** As the Python Packaging Authority's advisories are exported: no severity, all versions listed, a range of commits. */
export function pysecRecord(id: string, name: string, members: Members = {}): Members {
  return {
    schema_version: '1.7.4',
    id,
    modified: '2026-05-28T08:00:00.123456Z',
    published: '2023-01-01T00:00:00Z',
    aliases: ['CVE-2023-2222', 'GHSA-aaaa-bbbb-cccc'],
    details: 'A denial of service.',
    affected: [
      {
        package: { ecosystem: 'PyPI', name, purl: `pkg:pypi/${name}` },
        ranges: [
          {
            type: 'GIT',
            repo: 'https://git.example/some/repo',
            events: [{ introduced: '0' }, { fixed: 'b'.repeat(40) }],
          },
          { type: 'ECOSYSTEM', events: [{ introduced: '1.0a1' }, { fixed: '1.4' }] },
        ],
        versions: ['1.0a1', '1.0', '1.1', '1.2.0', '1.3'],
      },
    ],
    ...members,
  };
}
