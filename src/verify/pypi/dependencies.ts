import { normalName } from '../../model/pypi-name.ts';
import { MAX_DEPENDENCIES } from '../verify.ts';
import { type CoreMetadata, only } from './core-metadata.ts';

/** PEP 508: a requirement begins with a name. */
const NAME = /^\s*([A-Za-z0-9][A-Za-z0-9._-]*)/;

/** The name that a requirement begins with, as it is written; null where it begins with none. */
export function requiredName(requirement: string): string | null {
  return NAME.exec(requirement)?.[1] ?? null;
}

/**
 * Names (PEP 503) of what metadata requires, with those of extras and of other platforms: who asks for one of them gets it. Each once.
 * null where they are more than `MAX_DEPENDENCIES`, or one begins with no name.
 */
export function pulledIn(metadata: CoreMetadata): readonly string[] | null {
  return namesIn(metadata.fields.get('requires-dist') ?? []);
}

/**
 * The same of a source distribution's PKG-INFO, which may leave it to the build: null where it does (PEP 643: fields are static
 * from metadata 2.2 on, but for those that `Dynamic` names).
 */
export function pulledInBySource(metadata: CoreMetadata): readonly string[] | null {
  const [major = 0, minor = 0] = (only(metadata, 'metadata-version') ?? '').split('.').map(Number);
  const tells = major > 2 || (major === 2 && minor >= 2);
  const dynamic = (metadata.fields.get('dynamic') ?? []).some(
    (field) => field.toLowerCase() === 'requires-dist',
  );
  return tells && !dynamic ? pulledIn(metadata) : null;
}

function namesIn(requirements: readonly string[]): readonly string[] | null {
  const names = new Set<string>();
  for (const requirement of requirements) {
    const name = requiredName(requirement);
    if (name === null) return null;
    names.add(normalName(name));
  }
  return names.size > MAX_DEPENDENCIES ? null : [...names];
}
