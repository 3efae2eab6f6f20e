import type { EcosystemId, PackageName } from '../../model/artifact.ts';
import type { VersionScheme } from '../../model/versions.ts';
import { decide } from '../decide.ts';
import { admittedNames } from '../names.ts';
import { type EcosystemRules, effectiveMode } from '../profile.ts';
import type { Dependencies, KnownPackage, LintFinding, LintMatter } from './lint-known.ts';

/**
 * An admitted parent whose dependencies are not admitted: it cannot be installed. Looks at the newest version that
 * its rule or a pin admits, as far as its index, and for PyPI its metadata, are known here.
 */
export function lintDependencies(matter: LintMatter): LintFinding[] {
  const { policy, schemes, now } = matter;
  return [...policy.profiles.keys()].flatMap((profile) =>
    schemes.flatMap((scheme) => {
      const rules = policy.profiles.get(profile)?.ecosystems.get(scheme.ecosystem);
      if (!rules) return [];
      const { exact } = admittedNames(policy, profile, scheme.ecosystem, now);
      // Names that only a prefix admits, as far as they are known here.
      const prefixed = (matter.known.names.get(scheme.ecosystem) ?? []).filter(
        (name) => rules.allow.best(name)?.by === 'prefix',
      );
      return [...new Set([...exact, ...prefixed])].flatMap((name) =>
        lintParent(matter, profile, scheme, rules, name),
      );
    }),
  );
}

function lintParent(
  { policy, known, now }: LintMatter,
  profile: string,
  scheme: VersionScheme,
  rules: EcosystemRules,
  name: PackageName,
): LintFinding[] {
  const { ecosystem } = scheme;
  const found = known.package(ecosystem, name);
  const version = found ? newestAdmitted(found, scheme, rules, name) : null;
  const dependencies = version === null ? null : (found?.dependencies(version) ?? null);
  if (version === null || dependencies === null) return [];
  const place = placeOf(rules, name, version);
  if (place === null) return [];
  const isRefused = (needed: PackageName): boolean => needed !== name && !isAdmitted(ecosystem, needed);
  const isAdmitted = (id: EcosystemId, needed: PackageName): boolean =>
    decide(policy, profile, { stage: 'name', ecosystem: id, name: needed, now }).verdict === 'allow';
  const said = (needed: PackageName, how: string): string =>
    `${name}@${version} ${how} ${needed}, which profile ${profile} does not admit`;
  const isFrozen =
    effectiveMode(policy.profiles.get(profile) ?? { mode: 'enforce', until: null }, now) === 'frozen';
  const lacking = (needed: PackageName): boolean =>
    needed !== name &&
    !isRefused(needed) &&
    lacksVersion({ known, scheme, rules, isFrozen }, needed, dependencies);
  const lacks = (needed: PackageName, how: string): string =>
    `${name}@${version} ${how} ${needed} in versions of which profile ${profile} admits none that is known here`;
  return [
    ...dependencies.required.filter(lacking).map(
      (needed): LintFinding => ({
        level: 'warning',
        code: 'dependency-version-not-admitted',
        place,
        message: lacks(needed, 'needs'),
      }),
    ),
    ...dependencies.optional.filter(lacking).map(
      (needed): LintFinding => ({
        level: 'info',
        code: 'dependency-version-not-admitted',
        place,
        message: lacks(needed, 'may use'),
      }),
    ),
    ...dependencies.required.filter(isRefused).map(
      (needed): LintFinding => ({
        level: 'warning',
        code: 'dependency-not-admitted',
        place,
        message: said(needed, 'needs'),
      }),
    ),
    ...dependencies.optional.filter(isRefused).map(
      (needed): LintFinding => ({
        level: 'info',
        code: 'optional-dependency-not-admitted',
        place,
        message: said(needed, 'may use'),
      }),
    ),
  ];
}

interface VersionMatter {
  readonly known: LintMatter['known'];
  readonly scheme: VersionScheme;
  readonly rules: EcosystemRules;
  readonly isFrozen: boolean;
}

/** Whether versions are known that a parent's spec takes in, and none of them is admitted by a rule or pin. */
function lacksVersion(
  { known, scheme, rules, isFrozen }: VersionMatter,
  needed: PackageName,
  { specs }: Dependencies,
): boolean {
  const spec = specs?.get(needed) ?? '';
  const range = spec === '' ? null : scheme.parseRange(spec);
  // A tag, an address: which versions it means is not known here.
  if (spec !== '' && range === null) return false;
  const wanted = (known.package(scheme.ecosystem, needed)?.versions ?? []).filter(
    (version) => range === null || range.has(version),
  );
  const denied = rules.deny.all(needed).flat();
  const admits = (version: string): boolean =>
    (isFrozen
      ? rules.pins.get(needed)?.get(version) !== undefined
      : placeOf(rules, needed, version) !== null) &&
    !denied.some((rule) => rule.range === null || rule.range.has(version));
  return wanted.length > 0 && !wanted.some(admits);
}

/** The highest version that is no prerelease, else the highest. */
function newestAdmitted(
  { versions }: KnownPackage,
  { isPrerelease }: VersionScheme,
  rules: EcosystemRules,
  name: PackageName,
): string | null {
  const denied = rules.deny.all(name).flat();
  const admitted = versions.filter(
    (version) =>
      placeOf(rules, name, version) !== null &&
      !denied.some(({ range }) => range === null || range.has(version)),
  );
  return admitted.findLast((version) => !isPrerelease(version)) ?? admitted.at(-1) ?? null;
}

/** The rule or pin that admits a version; null where none does. */
function placeOf(rules: EcosystemRules, name: PackageName, version: string): string | null {
  const rule = rules.allow.best(name)?.value;
  if (rule && (rule.range === null || rule.range.has(version))) return rule.place;
  return rules.pins.get(name)?.get(version)?.place ?? null;
}
