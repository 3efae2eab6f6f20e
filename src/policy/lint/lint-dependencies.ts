import type { EcosystemId, PackageName } from '../../model/artifact.ts';
import type { VersionScheme } from '../../model/versions.ts';
import { decide } from '../decide.ts';
import { admittedNames } from '../names.ts';
import type { EcosystemRules } from '../profile.ts';
import type { KnownPackage, LintFinding, LintMatter } from './lint-known.ts';

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
      return exact.flatMap((name) => lintParent(matter, profile, scheme, rules, name));
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
  return [
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
