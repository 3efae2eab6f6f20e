/**
 * What only the bytes can show, each with the requirement that decides on it. `integrity` findings
 * cannot be lifted by any policy.
 */
export const FINDINGS = {
  INSTALL_SCRIPT: 'install-scripts',
  NATIVE_BUILD: 'install-scripts',
  DIRECT_URL: 'direct-urls',
  STARTUP_HOOK: 'startup-hooks',
  FOREIGN_PLACE: 'foreign-places',
  BUILD_HOOK: 'sdist',
  ARCHIVE_UNSAFE: 'integrity',
  METADATA_MISMATCH: 'integrity',
} as const;

export type FindingCode = keyof typeof FINDINGS;

/** One finding: what, and where in the archive. `place` is a path cut to 200 characters, never free text. */
export interface Finding {
  readonly code: FindingCode;
  readonly place: string;
}
