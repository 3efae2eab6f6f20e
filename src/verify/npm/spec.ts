/**
 * Whether a dependency's spec leads away from the registry: an address, a repository (`user/repo`,
 * `github:…`), a path, a tarball. Ranges, versions, tags and `npm:` aliases of those do not. What is no
 * string cannot be read, and counts as leading away.
 */
export function leadsAway(spec: unknown): boolean {
  if (typeof spec !== 'string') return true;
  const text = spec.trim();
  const alias = /^npm:(?:@[^/@\s]+\/)?[^/@\s]+(?:@(.*))?$/s.exec(text);
  const range = alias ? (alias[1] ?? '') : text;
  // Any character before `gz`: so npm-package-arg and pnpm tell a file.
  return /[:/\\]/.test(range) || /^\.|\.(?:tgz|tar|tar.gz)$/i.test(range.trim());
}

const DEPENDENCY_FIELDS = ['dependencies', 'optionalDependencies', 'peerDependencies'] as const;

/** The first dependency field of a manifest in which a spec leads away, or null. */
export function fieldThatLeadsAway(manifest: Readonly<Record<string, unknown>>): string | null {
  for (const field of DEPENDENCY_FIELDS) {
    const value = Object.hasOwn(manifest, field) ? manifest[field] : undefined;
    if (value === undefined || value === null) continue;
    // Ancient forms: one string, or a list of `name spec`. Only the empty ones are harmless for sure.
    const specs = typeof value === 'object' && !Array.isArray(value) ? Object.values(value) : [value].flat();
    const ancient = typeof value !== 'object' || Array.isArray(value);
    if (specs.some((spec) => (ancient ? spec !== '' : leadsAway(spec)))) return field;
  }
  return null;
}
