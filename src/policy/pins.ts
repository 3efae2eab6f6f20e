import type { EcosystemId, PackageId, PackageName } from '../model/artifact.ts';
import { algorithmOf, type Digest, digestsOfSri, parseDigest } from '../model/digest.ts';
import type { VersionScheme } from '../model/versions.ts';
import type { PinInput } from './language/schema.ts';
import { quoted } from './language/words.ts';
import type { Policy } from './policy.ts';
import type { Pin } from './profile.ts';

type Problem = { readonly problem: string };

/** The name and version that `name@version` or `name==version` pins, in canonical spelling. */
export function parsePinned(
  text: string,
  scheme: VersionScheme,
): { readonly name: PackageName; readonly version: string } | Problem {
  const match = /^(.+?)\s*==\s*([^=\s]+)$/.exec(text) ?? /^(.+)@([^@]+)$/.exec(text);
  const [, rawName, rawVersion] = match ?? [];
  if (rawName === undefined || rawVersion === undefined) {
    return { problem: `${quoted(text)} must be name@version, one exact version` };
  }
  const name = scheme.canonicalName(rawName);
  if (name === null) return { problem: `${quoted(rawName)} is not a valid ${scheme.ecosystem} name` };
  const version = scheme.parseVersion(rawVersion);
  if (version === null)
    return { problem: `${quoted(rawVersion)} is not one exact ${scheme.ecosystem} version` };
  return { name, version };
}

/** The digests of a pin: those of its one file (`integrity`), or one for each of several (`hashes`). */
export function parsePinDigests(pin: PinInput): Set<Digest> | Problem {
  const digests = new Set<Digest>();
  for (const hash of pin.hashes ?? []) {
    const digest = parseDigest(hash);
    if (!digest) return { problem: `${quoted(hash)} is not a sha256 or sha512 digest` };
    digests.add(digest);
  }
  for (const part of pin.integrity?.trim().split(/\s+/) ?? []) {
    if (/^(sha1|sha384|md5)-/.test(part)) continue;
    const [digest, ...others] = digestsOfSri(part);
    if (!digest || others.length > 0)
      return { problem: `${quoted(part)} is not a sha256 or sha512 SRI digest` };
    if ([...digests].some((d) => d !== digest && algorithmOf(d) === algorithmOf(digest))) {
      return { problem: 'integrity names two different files; a pin admits exactly its artifact' };
    }
    digests.add(digest);
  }
  if (digests.size === 0) return { problem: 'names no sha256 or sha512 digest' };
  return digests;
}

/**
 * Whether digests of one file are those of a pin: `unknown` where pin and file have no algorithm in common.
 * A pin of several files is matched by the digest of any of them; a pin of one file by all that can be compared.
 */
export function comparePin(
  pin: Pick<Pin, 'digests' | 'single'>,
  digests: readonly Digest[],
): 'match' | 'mismatch' | 'unknown' {
  const pinned = new Set([...pin.digests].map(algorithmOf));
  const comparable = digests.filter((digest) => pinned.has(algorithmOf(digest)));
  if (comparable.length === 0) return 'unknown';
  const agree = (digest: Digest): boolean => pin.digests.has(digest);
  return (pin.single ? comparable.every(agree) : comparable.some(agree)) ? 'match' : 'mismatch';
}

/** The digests that the pin of one version names; null where the profile does not pin it. */
export function pinnedDigests(
  policy: Policy,
  profile: string,
  ecosystem: EcosystemId,
  name: PackageName,
  version: string,
): readonly Digest[] | null {
  const pin = policy.profiles.get(profile)?.ecosystems.get(ecosystem)?.pins.get(name)?.get(version);
  return pin ? [...pin.digests] : null;
}

/** Every package of which any profile pins a version: without its index no pin of it can be served. */
export function pinnedPackages(policy: Policy): PackageId[] {
  const packages: PackageId[] = [];
  for (const { ecosystems } of policy.profiles.values()) {
    for (const [ecosystem, { pins }] of ecosystems) {
      for (const name of pins.keys()) packages.push({ ecosystem, name });
    }
  }
  return packages;
}

/** Every digest that a pin of any profile names: what the vault must keep. */
export function keptDigests(policy: Policy): Set<Digest> {
  const kept = new Set<Digest>();
  for (const { ecosystems } of policy.profiles.values()) {
    for (const { pins } of ecosystems.values()) {
      for (const versions of pins.values()) {
        for (const pin of versions.values()) for (const digest of pin.digests) kept.add(digest);
      }
    }
  }
  return kept;
}
