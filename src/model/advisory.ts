import type { Digest } from './digest.ts';

/** From least to most severe, as GitHub's advisories and CVSS's rating scale name them. */
export const SEVERITIES = ['low', 'moderate', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** How an advisory's id looks: `MAL-2024-1234`, `GHSA-xxxx-xxxx-xxxx`, `PYSEC-2023-1`. What looks otherwise is left out. */
export const ADVISORY_ID = /^[A-Z][A-Za-z0-9]{0,15}-[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** A record of a feed that reaches one version of a package. */
export interface Advisory {
  readonly id: string;
  readonly kind: 'malware' | 'vulnerability';
  /** null where the record does not say; taken for the worst. */
  readonly severity: Severity | null;
}

/** A span of versions in the ecosystem's order (OSV schema, `affected[].ranges[].events`). Versions in normal form. */
export interface AffectedRange {
  /** Inclusive; null: from the first version on. */
  readonly introduced: string | null;
  /** Exclusive; null where nothing fixes it. */
  readonly fixed: string | null;
  /** Inclusive; null where there is none. */
  readonly lastAffected: string | null;
}

/** What a feed says of one package in one record. Structured-cloneable. */
export interface AdvisoryRecord extends Advisory {
  /** Single versions, in normal form. */
  readonly versions: readonly string[];
  readonly ranges: readonly AffectedRange[];
}

/** The feed that a decision was made with. */
export interface FeedFacts {
  /** Digest of the whole feed. */
  readonly digest: Digest;
  /** When it was last refreshed, milliseconds since 1970. */
  readonly at: number;
  /** From this instant on it is older than it may be, milliseconds since 1970. */
  readonly staleAt: number;
}

/** What the feed has on one package. Structured-cloneable. */
export interface PackageAdvisories {
  /** null where there is no feed. */
  readonly feed: FeedFacts | null;
  /** Digest of `records`: part of every cache key. */
  readonly digest: Digest;
  readonly records: readonly AdvisoryRecord[];
}
