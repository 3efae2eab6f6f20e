import { MAX_DEPENDENCIES } from '../verify.ts';
import { type Manifest, own } from './manifest.ts';

/** What an install of a package installs with it; `peerDependencies` too since npm 7. */
const PULLING_FIELDS = ['dependencies', 'optionalDependencies', 'peerDependencies'] as const;

/**
 * Names of packages that an install of this manifest's package pulls in: the real ones behind `npm:` aliases. Each once. null where a field
 * has one of the ancient forms (a text, a list), or where they are more than `MAX_DEPENDENCIES`.
 */
export function pulledIn(manifest: Manifest): readonly string[] | null {
  const names = new Set<string>();
  for (const field of PULLING_FIELDS) {
    const value = own(manifest, field);
    if (value === undefined || value === null || value === '') continue;
    if (typeof value !== 'object') return null;
    if (Array.isArray(value)) {
      if (value.length > 0) return null;
      continue;
    }
    for (const [name, spec] of Object.entries(value)) names.add(realName(name, spec));
    if (names.size > MAX_DEPENDENCIES) return null;
  }
  return [...names];
}

/** `npm:` in any case, as npm-package-arg reads it. */
const ALIAS = /^\s*npm:((?:@[^/@\s]+\/)?[^/@\s]+)/i;

function realName(name: string, spec: unknown): string {
  return (typeof spec === 'string' ? ALIAS.exec(spec)?.[1] : undefined) ?? name;
}
